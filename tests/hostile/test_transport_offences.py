"""Wrong in QUIC itself: frames that no client may send, and legal ones without end."""

import pytest
from fast_sender import FastSender
from frames import (
    ack,
    crypto,
    new_connection_id,
    path_challenge,
    ping,
    retire_connection_id,
)
from siege import Offence, Siege, verdict

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONNECTION_ID_LIMIT_ERROR = 0x09
FRAME_ENCODING_ERROR = 0x07
PROTOCOL_VIOLATION = 0x0A
CRYPTO_BUFFER_EXCEEDED = 0x0D
UNEXPECTED_MESSAGE = 0x10A
"""TLS's alert 10 (RFC 8446 section 6) as a QUIC error (RFC 9001 section 4.8)."""

FRAMES = {
    "handshake done": (b"\x1e", PROTOCOL_VIOLATION),
    "a token": (b"\x07\x04abcd", PROTOCOL_VIOLATION),
    "a frame of an unknown type": (b"\x21", FRAME_ENCODING_ERROR),
    "half a frame": (b"\x1a\x00", FRAME_ENCODING_ERROR),
    "an acknowledgement below zero": (ack(3, [(9, 9)]), FRAME_ENCODING_ERROR),
    "an empty packet": (b"", PROTOCOL_VIOLATION),
    "an id that was never given": (retire_connection_id(1 << 30), PROTOCOL_VIOLATION),
    "more ids than were asked for": (
        b"".join(new_connection_id(number) for number in range(10, 40)),
        CONNECTION_ID_LIMIT_ERROR,
    ),
    "an id that retires itself": (
        new_connection_id(10, retire_prior_to=11),
        PROTOCOL_VIOLATION,
    ),
    "a TLS message far ahead": (crypto(1 << 30, b"x"), CRYPTO_BUFFER_EXCEEDED),
    "a TLS message after the handshake": (crypto(0, b"\x01\x00\x00\x00"), UNEXPECTED_MESSAGE),
}


async def test_frames_that_no_client_may_send_end_its_connection(siege: Siege) -> None:
    def offend(offence: Offence) -> dict[str, object]:
        endings: dict[str, object] = {}
        for name, (frames, _) in FRAMES.items():
            client = offence.member()
            sender = FastSender(client)
            sender.send([sender.seal(frames)])
            endings[name] = verdict(client, limit=3)
        return endings

    endings = await siege.beside(offend, seconds=3.0)
    assert endings == {name: code for name, (_, code) in FRAMES.items()}


async def flooded(siege: Siege, packets: list[bytes], *, batch: int = 100) -> object:
    """Send packets of these frames as fast as possible, and stay; return how it ended."""

    def offend(offence: Offence) -> object:
        client = offence.member()
        sender = FastSender(client)
        for start in range(0, len(packets), batch):
            sender.send([sender.seal(frames) for frames in packets[start : start + batch]])
            client.serve()
        return verdict(client, limit=0.5)

    return await siege.beside(offend, seconds=2.0)


async def test_a_flood_of_pings_harms_nobody(siege: Siege) -> None:
    assert await flooded(siege, [ping()] * 20_000) is None


async def test_packets_full_of_pings_end_their_senders_connection(siege: Siege) -> None:
    assert await flooded(siege, [ping() * 1_100] * 2_000) == PROTOCOL_VIOLATION


async def test_packets_with_as_many_pings_as_may_be_harm_nobody(siege: Siege) -> None:
    assert await flooded(siege, [ping() * 128] * 2_000) is None


async def test_a_flood_of_path_challenges_harms_nobody(siege: Siege) -> None:
    challenges = [b"".join(path_challenge(n * 100 + i) for i in range(100)) for n in range(3_000)]
    assert await flooded(siege, challenges) is None


async def test_acknowledgements_of_what_was_never_sent_harm_nobody(siege: Siege) -> None:
    lies = [ack((1 << 40) + number, first=1 << 40) for number in range(5_000)]
    await flooded(siege, lies)


async def test_acknowledgements_of_hundreds_of_ranges_harm_nobody(siege: Siege) -> None:
    ranges = [ack(1 << 40, [(1, 1)] * 500) for _ in range(2_000)]
    await flooded(siege, ranges)


async def test_ids_that_come_and_go_without_end_end_one_connection_at_most(siege: Siege) -> None:
    carousel = [new_connection_id(number, retire_prior_to=number) for number in range(10, 5_000)]
    await flooded(siege, carousel)


async def test_packet_numbers_with_gaps_dont_make_the_relay_remember_them_all(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> object:
        client = offence.member()
        sender = FastSender(client)
        for start in range(100, 60_000, 200):
            numbers = range(start, start + 200, 2)
            sender.send([sender.seal(ping(), number=number) for number in numbers])
            client.serve()
        return verdict(client, limit=0.5)

    await siege.beside(offend, seconds=3.0)


async def test_one_packet_ten_thousand_times_is_one_packet(siege: Siege) -> None:
    def offend(offence: Offence) -> object:
        client = offence.member()
        sender = FastSender(client)
        packet = sender.seal(ping())
        for _ in range(100):
            sender.send([packet] * 100)
            client.serve()
        return verdict(client, limit=0.5)

    assert await siege.beside(offend, seconds=2.0) is None
