"""The yardstick: a process that receives UDP datagrams and sends each on, and does nothing else.

No encryption, no rooms, no counters: what the system calls and wake-ups alone cost in Python.
Usage: python udp_forwarder.py LISTEN_PORT FORWARD_PORT
"""

import contextlib
import socket
import sys


def forward(listen_port: int, forward_port: int) -> None:
    """Forward until interrupted."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    server.bind(("127.0.0.1", listen_port))
    destination = ("127.0.0.1", forward_port)
    while True:
        server.sendto(server.recv(2048), destination)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        forward(int(sys.argv[1]), int(sys.argv[2]))
