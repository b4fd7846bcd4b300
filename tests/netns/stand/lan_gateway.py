"""A gateway whose LAN is the host's side of a TAP: what the host serves there, the room sees.

Run as a program: `python lan_gateway.py ROOM PIN`. It makes an interface `lan` and the room, prints
an event `joined` and stays until it is terminated.
"""

import asyncio
import json
import signal
import sys

from network import RELAY_ADDRESS

from lanparty_client.linux.tap import TapPort
from lanparty_client_core import SessionState
from lanparty_client_core.join import KnownRelay, join_relay
from lanparty_command import RelayAddress
from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_proto import MAXIMUM_ROOM_MTU, budget_for_mtu
from lanparty_quic.endpoint import PinnedKey


async def bridge(room: str, pin: str) -> None:
    """Bridge until SIGTERM."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    port = TapPort.open("lan")

    def observe(event: object) -> None:
        if running.session.state is SessionState.JOINED:
            print(json.dumps({"event": "joined"}), flush=True)

    running = await join_relay(
        KnownRelay(RelayAddress(RELAY_ADDRESS, 443), PinnedKey(pin)),
        port,
        hello=Hello(
            role=Role.GATEWAY,
            room_code=RoomCode.parse(room),
            create=True,
            name="gateway",
            datagram_budget=budget_for_mtu(MAXIMUM_ROOM_MTU, tagged=True),
            port_mtu=port.mtu,
        ),
        observer=observe,
    )
    try:
        await over.wait()
    finally:
        await running.aclose()
        port.close()


if __name__ == "__main__":
    asyncio.run(bridge(*sys.argv[1:]))
