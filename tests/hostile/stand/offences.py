"""Wrongs that one endpoint does again and again, for whoever wants many kinds at once."""

import socket
import time
from collections.abc import Callable
from typing import Final

from fast_sender import FastSender, datagram_frame
from frames import path_challenge, ping, stream
from raw_client import RawClient

from lanparty_ctrl import Ping, RoomCode, encode_message

__all__ = ["OFFENCES"]

_BOMB: Final = (65_535).to_bytes(4) + b"[" * 65_535
_QUESTIONS: Final = encode_message(Ping(nonce=7)) * 500
_FLOOD: Final = 500


def _open_stream(client: RawClient, room_code: RoomCode) -> None:
    sender = _joined(client, room_code)
    sender.send([sender.seal(stream(4, 0, b"hello"))])


def _write_bomb(client: RawClient, room_code: RoomCode) -> None:
    _joined(client, room_code)
    client.send_control(_BOMB)


def _say_half_a_hello(client: RawClient, room_code: RoomCode) -> None:
    client.connect()
    hello = encode_message(client.hello(room_code))
    client.send_control(hello[: len(hello) // 2])


def _ask_without_end(client: RawClient, room_code: RoomCode) -> None:
    _joined(client, room_code)
    client.send_control(_QUESTIONS)


def _ping_without_end(client: RawClient, room_code: RoomCode) -> None:
    sender = _joined(client, room_code)
    sender.send([sender.seal(ping() * 1_000) for _ in range(_FLOOD)])


def _challenge_without_end(client: RawClient, room_code: RoomCode) -> None:
    sender = _joined(client, room_code)
    challenges = b"".join(path_challenge(number) for number in range(100))
    sender.send([sender.seal(challenges) for _ in range(_FLOOD)])


def _send_nonsense(client: RawClient, room_code: RoomCode) -> None:
    sender = _joined(client, room_code)
    sender.send([sender.seal(datagram_frame(b"\x11" + bytes(700))) for _ in range(_FLOOD)])


def _move_about(client: RawClient, room_code: RoomCode) -> None:
    sender = _joined(client, room_code)
    for _ in range(50):
        with socket.socket(client.socket.family, socket.SOCK_DGRAM) as place:
            place.connect(client.relay)
            place.send(sender.seal(ping()))
        time.sleep(0.002)


def _come_and_go(client: RawClient, room_code: RoomCode) -> None:
    _joined(client, room_code)


def _joined(client: RawClient, room_code: RoomCode) -> FastSender:
    client.join(room_code)
    return FastSender(client)


Offence = Callable[[RawClient, RoomCode], None]

OFFENCES: Final[tuple[Offence, ...]] = (
    _open_stream,
    _write_bomb,
    _say_half_a_hello,
    _ask_without_end,
    _ping_without_end,
    _challenge_without_end,
    _send_nonsense,
    _move_about,
    _come_and_go,
)
"""Each is given a client that hasn't connected yet, and raises `RefusedError` if it can't begin."""
