"""Invariant: whatever peers say in whatever order, the relay answers within its rules.

The input is a row of steps of up to eight connections: sound and bent messages, raw control bytes,
frames with any addresses, fragments, raw datagrams, time, closes, commands, outcomes. After each,
every counter block conserves; copies go to members of the sender's room alone, under its own
MAC and peer id; when all are gone, nothing is left of them.
"""

import json
from ipaddress import ip_network
from typing import Final

from choices import Choices
from target import Target

from lanparty_ctrl import (
    Disconnect,
    Message,
    Ping,
    Pong,
    PrefixesInUse,
    Stats,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import EgressDrop
from lanparty_proto import MacAddress, encode_ethernet, encode_fragment, encode_whole
from lanparty_quic.endpoint import AddressChanged, ExtraStreamOpened
from targets.control_framing import framed
from targets.relay_shell import LIMITS, Peer, Shell, check_conservation

__all__ = ["TARGET"]

_MOST_PEERS: Final = 8
_MACS: Final = (
    *(MacAddress(bytes((2, 0, 0, 0, 0, last))) for last in range(4)),
    MacAddress(b"\xff\xff\xff\xff\xff\xff"),
    MacAddress(b"\x01\x00\x5e\x00\x00\xfb"),
    MacAddress(b"\x01\x80\xc2\x00\x00\x0e"),
    MacAddress(bytes(6)),
    MacAddress(b"\x00\x1f\xc5\x00\x00\x01"),
)
_CODES: Final = ("AAAA", None, "BBBB", "CCCC", "DDDD")
_PREFIXES: Final = ("10.0.0.0/8", "172.16.0.0/12", "128.0.0.0/1", "fd00::/8", "192.168.0.0/16")
_WAITS: Final = (0.0, 0.01, 0.9, 1.1, 5.0, 10.1, 65.0)
_LENGTHS: Final = (46, 0, 1, 512, 1150, 1280, 1500, 1501)
_ETHERTYPES: Final = (0x0800, 0x0806, 0x8100, 0x88A8, 0x0026)
_OUTCOMES: Final = (None, *EgressDrop)
_ENDS: Final = tuple(SessionEnd)


def hello(choices: Choices, number: int, peers: list[Peer]) -> bytes:
    """Return a hello that is admitted, mostly: zeros choose a client with a MAC of its own."""
    kind = choices.byte()
    is_gateway = kind & 3 == 3
    other = choices.of(peers)
    token = other.welcome.resume_token if kind & 4 and other.welcome else None
    mac = None if is_gateway else str(_MACS[(number + choices.byte()) % 5])
    said = {
        "type": "hello",
        "role": "gateway" if is_gateway else "client",
        "room_code": choices.of(_CODES),
        "create": not kind & 8,
        "standby": is_gateway and bool(kind & 16),
        "mac": mac,
        "name": "fuzz",
        "datagram_budget": (1170, 1150, 1149, 1522)[(kind >> 5) % 4],
        "port_mtu": 1280 if kind & 0x80 else 1500,
        "resume_token": token,
    }
    return framed(json.dumps({key: said[key] for key in said if said[key] is not None}).encode())


def message(choices: Choices, peer: Peer) -> Message:
    match choices.byte() % 5:
        case 0:
            return Ping(nonce=choices.number(2))
        case 1:
            return Pong(nonce=peer.last_ping if choices.byte() else 0)
        case 2:
            prefixes = [ip_network(choices.of(_PREFIXES)) for _ in range(choices.byte() % 6)]
            return PrefixesInUse(prefixes_in_use=tuple(prefixes))
        case 3:
            return Stats(counters=TunnelCounters(), round_trip_time=0.01)
        case _:
            return Disconnect(code=choices.of(_ENDS))


def frame(choices: Choices, peer: Peer) -> bytes:
    """Return a frame under the peer's own MAC, mostly."""
    destination, source = choices.of(_MACS), choices.byte()
    mac = _MACS[source % len(_MACS)]
    if source < 0x80 and peer.hello is not None and peer.hello.mac is not None:
        mac = peer.hello.mac
    payload = bytes(choices.of(_LENGTHS))
    return encode_ethernet(destination, mac, choices.of(_ETHERTYPES), payload)


def datagram(choices: Choices, peer: Peer) -> bytes:
    """Return a whole frame, mostly; a fragment; or any bytes."""
    kind = choices.byte()
    if kind >= 0xE0:
        return choices.piece()
    whole = frame(choices, peer)
    if kind < 0xA0:
        return encode_whole(whole, kind & 3 if kind & 0x40 else 0)
    place = choices.number(2)
    return encode_fragment(
        whole[: 14 if kind & 1 else 18],
        whole[14 if kind & 1 else 18 :],
        source=0,
        flags=kind & 2 and 1,
        frame_id=kind,
        offset=place >> 1,
        more=not place & 1,
    )


def step(choices: Choices, shell: Shell) -> None:
    kind = choices.byte()
    peers = shell.peers
    if not peers or (kind & 15 == 0 and len(peers) < _MOST_PEERS):
        shell.connect((f"192.0.2.{kind >> 6}", 5000))
        return
    peer = peers[(kind >> 4) % len(peers)]
    match kind & 15:
        case 0 | 1 | 2:
            said = hello(choices, peers.index(peer), peers)
            if not peer.closed:
                shell.say(peer, said)
        case 3 | 4:
            said_next = message(choices, peer)
            if not peer.closed:
                shell.say(peer, encode_message(said_next))
        case 5:
            data = choices.piece()
            if not peer.closed:
                shell.say(peer, data if data[:1] == b"\0" else framed(data))
        case 6 | 7 | 8 | 9:
            count = 1 + choices.byte() % 4
            shell.bring(peer, [datagram(choices, peer) for _ in range(count)])
        case 10:
            shell.wait(choices.of(_WAITS))
        case 11:
            shell.lose(peer, choices.of(_ENDS), by_peer=bool(choices.byte() & 1))
        case 12:
            shell.decide(choices.byte(), choices.of(_OUTCOMES))
        case 13:
            mode = choices.byte()
            peer.backlog = 300_000 if mode & 1 else 0
            peer.silent_since = shell.now if mode & 2 else None
        case 14:
            if not peer.closed:
                if choices.byte() & 1:
                    shell.turn(ExtraStreamOpened(peer.key))
                else:
                    shell.turn(AddressChanged(peer.key, ("192.0.2.9", 7)))
        case _:
            command(choices, shell, peer)


def command(choices: Choices, shell: Shell, peer: Peer) -> None:
    if peer.welcome is None:
        return
    shell.blocks.begin_batch()
    match choices.byte() % 4:
        case 0:
            shell.relay.close_room(peer.welcome.room_id, now=shell.now)
        case 1 | 2:
            shell.relay.kick(peer.welcome.room_id, peer.welcome.peer_id, now=shell.now)
        case _:
            shell.relay.shutdown(now=shell.now)
    shell.finish()


def feed(data: bytes) -> None:
    """Take the steps, then let everybody go."""
    choices = Choices(data)
    shell = Shell()
    while choices.left:
        step(choices, shell)
        check_conservation(shell.blocks)
        rooms: dict[str, int] = {}
        for peer in shell.peers:
            if peer.is_member and peer.welcome is not None:
                rooms[peer.welcome.room_id] = rooms.get(peer.welcome.room_id, 0) + 1
        assert len(rooms) <= LIMITS.rooms
        assert all(count <= LIMITS.peers_per_room for count in rooms.values())
    shell.end()


TARGET = Target(
    name="relay_sessions",
    subject="relay: sessions, rooms and switch, messages and datagrams of eight peers in time",
    largest_input=640,
    begin=lambda: feed,
)
