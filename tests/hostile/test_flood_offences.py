"""Wrong in how much: floods without regard to any window, and those who take nothing."""

import time

import pytest
from fast_sender import FastSender, datagram_frame
from raw_client import RawClient
from siege import Offence, Siege

from lanparty_obs.codes import SessionEnd
from lanparty_proto import BROADCAST, MacAddress, encode_whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 2.0
PACKETS_PER_SECOND = 15_000
TICK = 0.002
AFTERWARDS = 0.1
"""Seconds until the relay has taken in what waits: a goodbye would be lost in it."""


def flood(clients: list[RawClient], to: MacAddress, *, seconds: float = SECONDS) -> None:
    """Send all together so many packets a second, and listen now and then."""
    senders = [FastSender(client) for client in clients]
    frames = [
        datagram_frame(encode_whole(to + client.mac + b"\x88\xb6" + bytes(900)))
        for client in clients
    ]
    batch = max(1, round(PACKETS_PER_SECOND * TICK / len(clients)))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for client, sender, frame in zip(clients, senders, frames, strict=True):
            if not client.is_over:
                sender.send([sender.seal(frame) for _ in range(batch)])
                client.serve()
        time.sleep(TICK)
    for client in clients:
        client.wait(AFTERWARDS)


@pytest.mark.parametrize("members", [1, 8], ids=["one", "eight"])
@pytest.mark.parametrize("broadcast", [False, True], ids=["to a player", "to all"])
async def test_floods_beyond_what_a_relay_can_do_take_no_frame_from_the_others(
    members: int, broadcast: bool, siege: Siege
) -> None:
    def offend(offence: Offence) -> None:
        clients = [offence.member() for _ in range(members)]
        flood(clients, BROADCAST if broadcast else offence.victim)
        for client in clients:
            client.leave()

    await siege.beside(offend, seconds=SECONDS + 0.5)


async def test_a_member_that_never_reads_costs_the_others_nothing(siege: Siege) -> None:
    def offend(offence: Offence) -> None:
        sleeper = offence.client(receive_buffer=4_096)
        sleeper.join(offence.room_code)
        talker = offence.member()
        flood([talker], sleeper.mac)
        # It wakes, and says goodbye: an end by silence takes half a minute.
        sleeper.leave()
        talker.leave()

    await siege.beside(offend, seconds=SECONDS + 0.5)


@pytest.mark.slow
async def test_a_member_that_acknowledges_nothing_is_given_up(siege: Siege) -> None:
    def offend(offence: Offence) -> object:
        mute, talker = offence.member(), offence.member()
        frame = mute.mac + talker.mac + b"\x88\xb6" + bytes(100)
        end = time.monotonic() + 45
        while time.monotonic() < end:
            talker.send_frame(frame)
            talker.wait(0.05)
            if any(getattr(each, "type", "") == "peer_left" for each in talker.messages):
                break
        left = [each for each in talker.messages if each.type == "peer_left"]
        mute.crash()
        talker.leave()
        return left[-1].reason if left else None

    reason = await siege.beside(offend, seconds=2.0)
    assert reason in (SessionEnd.IDLE, SessionEnd.TOO_SLOW, SessionEnd.CONNECTION_LOST)
