"""Probes, announcements, conflicts and defence on a simulated clock (RFC 5227)."""

from ipaddress import IPv4Address
from random import Random

import pytest

from lanparty_client.addressing.claim import (
    BRISK,
    RFC_5227,
    RIVAL_SECONDS,
    AddressClaim,
    ClaimPolicy,
    ClaimState,
)
from lanparty_ethernet import ArpPacket
from lanparty_proto import MacAddress

OWN = MacAddress.parse("02:00:5e:10:00:01")
RIVAL = MacAddress.parse("02:00:5e:10:00:02")
ADDRESS = IPv4Address("10.20.30.4")
OTHER = IPv4Address("10.20.30.5")

PROBE = ArpPacket.probe(sender_mac=OWN, target=ADDRESS)
ANNOUNCEMENT = ArpPacket.announcement(mac=OWN, address=ADDRESS)
ANSWER = PROBE.reply(RIVAL)
RIVALS_PROBE = ArpPacket.probe(sender_mac=RIVAL, target=ADDRESS)
RIVALS_QUESTION = ArpPacket.request(sender_mac=RIVAL, sender_ip=ADDRESS, target=OTHER)


def claim(policy: ClaimPolicy = ClaimPolicy.YIELD, seed: int = 1) -> AddressClaim:
    return AddressClaim(
        ADDRESS, mac=OWN, policy=policy, timing=RFC_5227, random=Random(seed), now=0.0
    )


def is_usable(claimed: AddressClaim) -> bool:
    return claimed.usable


def state_of(claimed: AddressClaim) -> ClaimState:
    return claimed.state


def rival_of(claimed: AddressClaim) -> MacAddress | None:
    return claimed.rival


def play(claimed: AddressClaim, until: float) -> list[tuple[float, ArpPacket]]:
    """Jump from deadline to deadline; return what was sent and when."""
    sent = []
    while (at := claimed.next_deadline()) is not None and at <= until:
        sent += [(at, packet) for packet in claimed.packets_to_send(now=at)]
    return sent


@pytest.mark.parametrize("seed", range(20))
def test_the_times_are_those_of_the_rfc(seed: int) -> None:
    sent = play(claim(seed=seed), until=60)
    assert [packet for _, packet in sent] == [PROBE] * 3 + [ANNOUNCEMENT] * 2
    times = [when for when, _ in sent]
    assert 0 <= times[0] <= 1
    assert 1 <= times[1] - times[0] <= 2
    assert 1 <= times[2] - times[1] <= 2
    assert times[3] - times[2] == pytest.approx(2)
    assert times[4] - times[3] == pytest.approx(2)


def test_the_address_is_usable_with_the_first_announcement() -> None:
    claimed = claim()
    sent = play(claimed, until=60)
    again = claim()
    play(again, until=sent[2][0])
    assert not is_usable(again)
    play(again, until=sent[3][0])
    assert is_usable(again)
    assert state_of(again) is ClaimState.ANNOUNCING
    assert state_of(claimed) is ClaimState.HELD


def test_a_brisk_claim_takes_no_longer_than_a_player_waits() -> None:
    longest = BRISK.probe_wait + BRISK.probe_max * (BRISK.probes - 1) + BRISK.announce_wait
    assert longest <= 1.5


@pytest.mark.parametrize("packet", [ANSWER, RIVALS_PROBE, RIVALS_QUESTION])
@pytest.mark.parametrize("policy", [ClaimPolicy.YIELD, ClaimPolicy.INSIST])
def test_whoever_has_or_wants_the_address_gets_it_before_it_is_claimed(
    packet: ArpPacket, policy: ClaimPolicy
) -> None:
    claimed = claim(policy)
    play(claimed, until=2)
    claimed.receive_arp(packet, now=2)
    assert state_of(claimed) is ClaimState.LOST
    assert claimed.rival == RIVAL
    assert play(claimed, until=60) == []


@pytest.mark.parametrize(
    "packet",
    [
        PROBE,
        ANNOUNCEMENT,
        ArpPacket.request(sender_mac=RIVAL, sender_ip=OTHER, target=ADDRESS),
        ArpPacket.probe(sender_mac=RIVAL, target=OTHER),
    ],
)
@pytest.mark.parametrize("when", [2, 30])
def test_own_packets_and_questions_about_the_address_are_no_conflict(
    packet: ArpPacket, when: int
) -> None:
    claimed = claim()
    play(claimed, until=when)
    claimed.receive_arp(packet, now=when)
    assert claimed.rival is None
    assert state_of(claimed) is not ClaimState.LOST


def test_a_probe_for_a_held_address_is_no_conflict() -> None:
    claimed = claim()
    play(claimed, until=30)
    claimed.receive_arp(RIVALS_PROBE, now=30)
    assert state_of(claimed) is ClaimState.HELD
    assert claimed.next_deadline() is None


def test_a_held_address_is_defended_once() -> None:
    claimed = claim()
    play(claimed, until=30)
    claimed.receive_arp(RIVALS_QUESTION, now=30)
    assert play(claimed, until=31) == [(30, ANNOUNCEMENT)]
    assert is_usable(claimed)


def test_who_yields_gives_up_at_the_second_conflict_within_ten_seconds() -> None:
    claimed = claim()
    play(claimed, until=30)
    claimed.receive_arp(RIVALS_QUESTION, now=30)
    play(claimed, until=31)
    claimed.receive_arp(RIVALS_QUESTION, now=39.9)
    assert state_of(claimed) is ClaimState.LOST
    assert not is_usable(claimed)


def test_conflicts_further_apart_are_all_defended() -> None:
    claimed = claim()
    play(claimed, until=30)
    for when in (30, 40, 50):
        claimed.receive_arp(RIVALS_QUESTION, now=when)
        assert play(claimed, until=when) == [(when, ANNOUNCEMENT)]
    assert is_usable(claimed)


def test_who_insists_keeps_the_address_but_does_not_fight() -> None:
    claimed = claim(ClaimPolicy.INSIST)
    play(claimed, until=30)
    for step in range(100):
        claimed.receive_arp(RIVALS_QUESTION, now=30 + step / 10)
    assert [packet for _, packet in play(claimed, until=40)] == [ANNOUNCEMENT]
    assert is_usable(claimed)
    assert claimed.rival == RIVAL


def test_a_rival_who_is_not_heard_again_is_forgotten() -> None:
    claimed = claim(ClaimPolicy.INSIST)
    play(claimed, until=30)
    claimed.receive_arp(RIVALS_QUESTION, now=30)
    play(claimed, until=30 + RIVAL_SECONDS - 1)
    assert rival_of(claimed) == RIVAL
    play(claimed, until=30 + RIVAL_SECONDS)
    assert rival_of(claimed) is None
    assert claimed.next_deadline() is None


def test_at_once_means_before_the_first_probe() -> None:
    claimed = claim(ClaimPolicy.AT_ONCE)
    assert is_usable(claimed)
    claimed.receive_arp(ANSWER, now=0)
    assert is_usable(claimed)
    assert claimed.rival == RIVAL
    assert len(play(claimed, until=60)) == 5


def test_a_flood_of_rivals_is_one_rival_until_it_is_forgotten() -> None:
    claimed = claim(ClaimPolicy.AT_ONCE)
    for number in range(100):
        made_up = MacAddress(b"\x02\x01\0\0\0" + bytes([number]))
        packet = ArpPacket.announcement(mac=made_up, address=ADDRESS)
        claimed.receive_arp(packet, now=10.0 + number)
        assert claimed.rival == MacAddress(b"\x02\x01\0\0\0\0")
    claimed.receive_arp(ANSWER, now=10.0 + RIVAL_SECONDS)
    assert claimed.rival == RIVAL


def test_who_only_wants_an_address_that_is_in_use_is_no_rival() -> None:
    claimed = claim(ClaimPolicy.AT_ONCE)
    claimed.receive_arp(RIVALS_PROBE, now=0)
    assert claimed.rival is None


def test_after_an_outage_a_claimed_address_is_announced() -> None:
    claimed = claim()
    play(claimed, until=30)
    claimed.start_again(now=50)
    assert is_usable(claimed)
    assert play(claimed, until=60) == [(50, ANNOUNCEMENT), (52, ANNOUNCEMENT)]


def test_after_an_outage_the_probes_begin_anew() -> None:
    claimed = claim()
    play(claimed, until=2)
    claimed.start_again(now=50)
    assert [packet for _, packet in play(claimed, until=90)] == [PROBE] * 3 + [ANNOUNCEMENT] * 2


def test_a_lost_claim_stays_lost() -> None:
    claimed = claim()
    claimed.receive_arp(ANSWER, now=0)
    claimed.start_again(now=1)
    claimed.receive_arp(ANSWER, now=2)
    assert state_of(claimed) is ClaimState.LOST
    assert claimed.next_deadline() is None
