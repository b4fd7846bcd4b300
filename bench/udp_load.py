"""Offer UDP datagrams to the yardstick at a fixed rate and time their arrival.

Usage: python udp_load.py SEND_PORT RECEIVE_PORT SIZE RATE SECONDS
Prints one JSON object: offered, delivered, latency_p50 and latency_p99 in seconds.
"""

import json
import selectors
import socket
import statistics
import struct
import sys
import time

STAMP = struct.Struct("!d")
GRACE = 0.3
"""Seconds to wait for the last arrivals."""


def offer(
    send_port: int, receive_port: int, size: int, rate: float, seconds: float
) -> dict[str, float]:
    """Send for `seconds` and return what arrived; sends are caught up if the process was late."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", send_port))
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    receiver.bind(("127.0.0.1", receive_port))
    receiver.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(receiver, selectors.EVENT_READ)
    padding = bytes(size - STAMP.size)
    latencies: list[float] = []
    offered, total = 0, int(rate * seconds)
    start = time.monotonic()
    end = start + seconds + GRACE
    while (now := time.monotonic()) < end:
        due = min(total, int((now - start) * rate) + 1)
        for _ in range(due - offered):
            sender.send(STAMP.pack(time.monotonic()) + padding)
        offered = max(offered, due)
        next_send = start + offered / rate if offered < total else end
        if selector.select(max(0.0, min(next_send, end) - time.monotonic())):
            _drain(receiver, latencies)
    return {
        "offered": offered,
        "delivered": len(latencies),
        "latency_p50": statistics.median(latencies) if latencies else 0.0,
        "latency_p99": statistics.quantiles(latencies, n=100)[98] if len(latencies) > 1 else 0.0,
    }


def _drain(receiver: socket.socket, latencies: list[float]) -> None:
    while True:
        try:
            data = receiver.recv(2048)
        except BlockingIOError:
            return
        latencies.append(time.monotonic() - STAMP.unpack_from(data)[0])


if __name__ == "__main__":
    ports_and_size = [int(word) for word in sys.argv[1:4]]
    print(json.dumps(offer(*ports_and_size, *(float(word) for word in sys.argv[4:6]))))
