"""Wrong in what datagrams carry: forged senders, nonsense, and too early."""

import os
import struct

import pytest
from fast_sender import FastSender, datagram_frame
from siege import Offence, Siege

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import IngressDrop
from lanparty_proto import BROADCAST, encode_whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = b"\x88\xb6"
COUNT = 500


def fragment(frame_id: int, place: int, rest: bytes) -> bytes:
    return struct.pack("!BBHIH", 0x11, 0, 0, frame_id, place) + rest


async def test_every_forged_or_broken_datagram_is_dropped_for_its_own_reason(siege: Siege) -> None:
    before = await siege.counters()

    def offend(offence: Offence) -> bool:
        client = offence.member()
        sender = FastSender(client)
        forged = offence.victim + offence.victim + TYPE + bytes(60)
        header = offence.victim + client.mac + TYPE
        payloads = {
            IngressDrop.MAC_SPOOF: encode_whole(forged),
            IngressDrop.RUNT: encode_whole(header[:13]),
            IngressDrop.OVERSIZE: fragment(1, 1_200 << 1, header + bytes(600)),
            IngressDrop.RESERVED_DESTINATION: encode_whole(
                bytes.fromhex("0180c2000003") + client.mac + TYPE
            ),
            IngressDrop.MALFORMED: b"\xff\xff\xff\xff",
            IngressDrop.UNKNOWN_UNICAST: encode_whole(b"\x02nobod" + client.mac + TYPE),
            IngressDrop.BACK_TO_INGRESS: encode_whole(client.mac + client.mac + TYPE),
        }
        for _ in range(COUNT // 10):
            for payload in payloads.values():
                sender.send([sender.seal(datagram_frame(payload)) for _ in range(10)])
            client.wait(0.01)
        client.wait(0.3)
        is_over = client.is_over
        client.leave()
        return is_over

    assert not await siege.beside(offend, seconds=3.0)
    after = await siege.counters()
    dropped = {
        reason: after.dropped_ingress[reason] - before.dropped_ingress[reason]
        for reason in after.dropped_ingress
    }
    for reason in (
        IngressDrop.MAC_SPOOF,
        IngressDrop.RUNT,
        IngressDrop.OVERSIZE,
        IngressDrop.RESERVED_DESTINATION,
        IngressDrop.MALFORMED,
        IngressDrop.UNKNOWN_UNICAST,
        IngressDrop.BACK_TO_INGRESS,
    ):
        assert dropped[reason] == COUNT, dropped


async def test_datagrams_before_the_welcome_are_dropped_and_counted(siege: Siege) -> None:
    before = await siege.counters()

    def offend(offence: Offence) -> object:
        client = offence.client()
        client.connect()
        sender = FastSender(client)
        payload = datagram_frame(encode_whole(offence.victim + client.mac + TYPE + bytes(60)))
        sender.send([sender.seal(payload) for _ in range(100)])
        client.wait(0.3)
        client.send_message(client.hello(offence.room_code))
        client.wait(0.5)
        ready = client.is_ready
        client.leave()
        return ready

    assert await siege.beside(offend, seconds=1.5)
    dropped = (await siege.counters()).dropped_ingress[IngressDrop.BEFORE_WELCOME]
    assert dropped - before.dropped_ingress[IngressDrop.BEFORE_WELCOME] == 100


async def test_random_datagrams_never_end_a_session_nor_reach_anybody_unjudged(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> bool:
        client = offence.member()
        sender = FastSender(client)
        for _ in range(100):
            payloads = [os.urandom(size) for size in (0, 1, 3, 4, 17, 300, 1_100)]
            payloads += [b"\x11\x00" + os.urandom(600) for _ in range(10)]
            sender.send([sender.seal(datagram_frame(payload)) for payload in payloads])
            client.wait(0.01)
        is_over = client.is_over
        client.leave()
        return is_over

    assert not await siege.beside(offend, seconds=2.0)


async def test_fragments_of_frames_that_never_end_cost_the_relay_nothing(siege: Siege) -> None:
    def offend(offence: Offence) -> SessionEnd | None:
        client = offence.member()
        sender = FastSender(client)
        header = BROADCAST + client.mac + TYPE
        for start in range(0, 3_000, 20):
            pieces = [
                fragment(number, 1, header + bytes(600)) for number in range(start, start + 20)
            ]
            sender.send([sender.seal(datagram_frame(piece)) for piece in pieces])
            client.wait(0.01)
        ended = client.ended
        client.leave()
        return ended

    assert await siege.beside(offend, seconds=3.0) is None
