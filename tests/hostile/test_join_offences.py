"""Wrong in coming and going: more joins than anybody needs, and the wrong kind of handshake."""

import time
from collections import Counter
from contextlib import suppress

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from raw_client import RefusedError
from siege import Offence, Siege, verdict

from lanparty_obs.codes import SessionEnd

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOINS_PER_MINUTE = 60


@pytest.mark.slow
async def test_a_thousand_joins_of_one_address_are_refused_beyond_its_limit() -> None:
    def offend(offence: Offence) -> Counter[object]:
        endings: Counter[object] = Counter()
        end = time.monotonic() + 6
        while time.monotonic() < end and endings.total() < 1_000:
            client = offence.client()
            try:
                client.join(offence.room_code)
                endings["joined"] += 1
            except RefusedError as refused:
                endings[refused.code] += 1
            client.leave()
        return endings

    async with Siege(f"--joins-per-minute={JOINS_PER_MINUTE}") as siege:
        endings = await siege.beside(offend, seconds=7.0)
    assert 0 < endings["joined"] <= JOINS_PER_MINUTE
    assert endings[SessionEnd.JOIN_LIMIT] > JOINS_PER_MINUTE
    # A refused address is not heard at all for a while, once it has gone too far.
    assert set(endings) <= {"joined", SessionEnd.JOIN_LIMIT, None}


@pytest.mark.slow
async def test_members_that_come_and_go_all_the_time_leave_nothing(siege: Siege) -> None:
    def offend(offence: Offence) -> int:
        rounds = 0
        end = time.monotonic() + 4
        while time.monotonic() < end:
            members = [offence.member() for _ in range(4)]
            for member in members:
                member.leave()
            rounds += 1
        return rounds

    assert await siege.beside(offend, seconds=5.0) > 1


async def test_a_wrong_room_code_is_refused_however_often_it_is_tried(siege: Siege) -> None:
    def offend(offence: Offence) -> Counter[object]:
        endings: Counter[object] = Counter()
        for _ in range(50):
            client = offence.client()
            client.connect()
            hello = client.hello(offence.room_code)
            client.send_message(
                hello.model_copy(update={"room_code": type(offence.room_code)("NOPE-NOPE")})
            )
            endings[verdict(client)] += 1
        return endings

    assert await siege.beside(offend, seconds=3.0) == {SessionEnd.ROOM_UNKNOWN: 50}


async def test_another_protocol_is_refused_in_the_handshake(siege: Siege) -> None:
    def offend(offence: Offence) -> Counter[int | None]:
        endings: Counter[int | None] = Counter()
        for _ in range(20):
            client = offence.client()
            configuration = QuicConfiguration(alpn_protocols=["h3"], is_client=True, verify_mode=0)
            client.quic = QuicConnection(configuration=configuration)
            with suppress(RefusedError):
                client.connect()
            endings[client.close_reason.error_code if client.close_reason else None] += 1
            client.crash()
        return endings

    no_application_protocol = 0x100 + 120
    assert await siege.beside(offend, seconds=2.0) == {no_application_protocol: 20}
