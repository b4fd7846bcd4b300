"""Wrong on the control stream: in its frames, its messages, its order and its pace."""

import json
import time

import pytest
from raw_client import RawClient
from siege import Offence, Siege, verdict

from lanparty_ctrl import (
    CONTROL_FRAME_LIMIT,
    Ping,
    Pong,
    RoomReady,
    encode_message,
)
from lanparty_obs.codes import SessionEnd

pytestmark = pytest.mark.asyncio(loop_scope="module")


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


BOMBS = {
    "arrays in arrays": framed(b"[" * (CONTROL_FRAME_LIMIT - 1)),
    "objects in objects": framed(b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "an endless number": framed(b'{"type":"ping","nonce":' + b"9" * 60_000 + b"}"),
    "a key five thousand times": framed(b'{"type":"ping",' + b'"a":1,' * 5_000 + b'"a":2}'),
    "no number": framed(b'{"type":"stats","counters":NaN}'),
    "half a surrogate": framed(b'{"type":"ping","nonce":"\\ud800"}'),
    "no UTF-8": framed(b"\xff" * 1_000),
    "an unknown type": framed(b'{"type":"open sesame"}'),
    "the relay's own words": framed(json.dumps({"type": "room_ready"}).encode()),
    "four gigabytes to come": b"\xff\xff\xff\xff",
    "a frame of no byte": bytes(4),
}


@pytest.mark.parametrize("in_room", [False, True], ids=["stranger", "member"])
async def test_what_is_no_message_ends_its_writer_with_protocol_error(
    in_room: bool, siege: Siege
) -> None:
    def offend(offence: Offence) -> dict[str, object]:
        endings: dict[str, object] = {}
        for name, bomb in BOMBS.items():
            client = offence.client()
            if in_room:
                client.join(offence.room_code)
            else:
                client.connect()
            client.send_control(bomb)
            endings[name] = verdict(client)
        return endings

    endings = await siege.beside(offend, seconds=2.0)
    assert endings == dict.fromkeys(BOMBS, SessionEnd.PROTOCOL_ERROR)


@pytest.mark.slow
async def test_half_a_hello_silence_and_a_byte_at_a_time_end_with_hello_timeout(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> list[object]:
        half, silent, slow = (offence.client() for _ in range(3))
        clients = [half, silent, slow]
        for client in clients:
            client.connect()
        hello = encode_message(slow.hello(offence.room_code))
        half.send_control(hello[: len(hello) // 2])
        for byte in hello[:60]:
            slow.send_control(bytes((byte,)))
            for client in clients:
                client.wait(0.03)
        return [verdict(client) for client in clients]

    endings = await siege.beside(offend, seconds=6.0)
    assert endings == [SessionEnd.HELLO_TIMEOUT] * 3


async def test_a_second_hello_ends_its_session_and_nobody_elses(siege: Siege) -> None:
    def offend(offence: Offence) -> object:
        client = offence.member()
        client.send_message(client.hello(offence.room_code))
        return verdict(client)

    assert await siege.beside(offend, seconds=1.0) is SessionEnd.PROTOCOL_ERROR


async def test_messages_before_the_hello_and_the_relays_own_are_protocol_errors(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> list[object]:
        endings: list[object] = []
        for message in (Ping(nonce=1), Pong(nonce=1), RoomReady()):
            client = offence.client()
            client.connect()
            client.send_message(message)
            endings.append(verdict(client))
        return endings

    assert await siege.beside(offend, seconds=1.0) == [SessionEnd.PROTOCOL_ERROR] * 3


@pytest.mark.slow
async def test_who_asks_and_never_takes_the_answers_is_too_slow(siege: Siege) -> None:
    def offend(offence: Offence) -> object:
        client = offence.member()
        grant_nothing_more(client)
        questions = encode_message(Ping(nonce=7)) * 20
        end = time.monotonic() + 13
        while time.monotonic() < end and not client.is_over:
            client.send_control(questions)
            client.wait(0.02)
        return verdict(client, limit=5)

    assert await siege.beside(offend, seconds=6.0) is SessionEnd.TOO_SLOW


async def test_a_flood_of_questions_ends_its_session(siege: Siege) -> None:
    def offend(offence: Offence) -> object:
        client = offence.member()
        questions = encode_message(Ping(nonce=7)) * 500
        end = time.monotonic() + 15
        while time.monotonic() < end and not client.is_over:
            client.send_control(questions)
            client.wait(0.001)
        return verdict(client, limit=5)

    assert await siege.beside(offend, seconds=4.0) in (
        SessionEnd.PROTOCOL_ERROR,
        SessionEnd.TOO_SLOW,
    )


def grant_nothing_more(client: RawClient) -> None:
    """Let the relay write no further byte on the control stream (RFC 9000 section 4.1)."""
    # aioquic writes new limits by itself; as a method that does nothing it is a peer that doesn't.
    client.quic._write_stream_limits = _write_nothing  # type: ignore[method-assign] # noqa: SLF001


def _write_nothing(*_: object, **__: object) -> None:
    pass
