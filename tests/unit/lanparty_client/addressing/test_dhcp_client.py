"""The DHCP client on a simulated clock, against a server written with scapy."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from lanparty_client.addressing.dhcp_client import (
    ANSWER_WAIT,
    FIRST_WAIT,
    JITTER,
    LONGEST_WAIT,
    PAUSE,
    DhcpClient,
    DhcpState,
)
from lanparty_client.addressing.dhcp_frames import answer_in
from lanparty_proto import MacAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.lanparty_client.addressing.conftest import DhcpServer

    MakeServer = Callable[..., DhcpServer]

MAC = MacAddress.parse("02:00:5e:10:00:01")


@dataclass
class Pair:
    """A client and a server whose answers take no time."""

    server: DhcpServer
    client: DhcpClient = field(default_factory=lambda: DhcpClient(mac=MAC, random=Random(1)))
    now: float = 0.0
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    is_cut: bool = False

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (at := self.client.next_deadline()) is not None and at <= end:
            self.now = max(self.now, at)
            for frame in self.client.frames_to_send(now=self.now):
                self.frames.append((self.now, frame))
                if not self.is_cut:
                    self.answer(frame)
        self.now = end

    def answer(self, frame: bytes) -> None:
        for answer in self.server.receive_frame(frame, now=self.now):
            message = answer_in(answer, mac=MAC)
            assert message is not None
            assert self.client.receive_message(message, server_mac=self.server.mac, now=self.now)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.server.seen]

    def state(self) -> DhcpState:
        return self.client.state

    def address(self) -> str | None:
        return None if self.client.lease is None else str(self.client.lease.address)


@pytest.fixture
def pair(dhcp_server: MakeServer) -> Pair:
    made = Pair(dhcp_server())
    made.client.start(now=0.0)
    return made


def test_four_messages_make_a_lease(pair: Pair) -> None:
    pair.run(1)
    assert pair.server.seen == [("discover", "0.0.0.0"), ("request", "192.168.50.100")]
    assert pair.address() == "192.168.50.100/24"
    assert pair.state() is DhcpState.BOUND
    assert not pair.client.is_listening


def test_the_questions_are_broadcast_from_nobody(pair: Pair) -> None:
    pair.run(1)
    for _, frame in pair.frames:
        packet = Ether(frame)
        assert (packet.dst, packet[IP].src, packet[IP].dst) == (
            "ff:ff:ff:ff:ff:ff",
            "0.0.0.0",
            "255.255.255.255",
        )
        assert packet[BOOTP].ciaddr == "0.0.0.0"


def test_a_client_that_is_not_answered_asks_ever_more_rarely_and_sleeps_between(
    pair: Pair,
) -> None:
    pair.is_cut = True
    pair.run(600)
    times = [when for when, _ in pair.frames]
    waits = [after - before for before, after in pairwise(times)]
    expected = [FIRST_WAIT * 2**step for step in range(4)] + [LONGEST_WAIT] * 20
    for wait, due in zip(waits, expected, strict=False):
        assert due - JITTER <= wait <= due + JITTER
    assert pair.client.is_silent_around
    pair.client.frames_to_send(now=times[-1] + ANSWER_WAIT)
    assert not pair.client.is_listening


def test_it_is_not_silent_around_before_a_second_question_was_lost(pair: Pair) -> None:
    pair.is_cut = True
    pair.run(2)
    assert not pair.client.is_silent_around
    pair.run(4)
    assert pair.client.is_silent_around


def test_a_server_that_offers_and_then_falls_silent_is_given_up(pair: Pair) -> None:
    (discover,) = pair.client.frames_to_send(now=0.0)
    pair.answer(discover)
    pair.server.answers = False
    assert pair.state() is DhcpState.REQUESTING
    pair.run(120)
    assert pair.kinds[:5] == ["discover", "request", "request", "request", "discover"]


def test_it_renews_with_its_server_alone_at_half_time(pair: Pair) -> None:
    pair.run(310)
    when, frame = pair.frames[-1]
    packet = Ether(frame)
    assert when == 300
    assert (packet.dst, packet[IP].src, packet[IP].dst) == (
        str(pair.server.mac),
        "192.168.50.100",
        "192.168.50.1",
    )
    assert packet[BOOTP].ciaddr == "192.168.50.100"
    names = [one[0] for one in packet[DHCP].options if isinstance(one, tuple)]
    assert "requested_addr" not in names
    assert "server_id" not in names
    assert pair.client.lease is not None
    assert pair.client.lease.expires_at == 900


def test_it_asks_everybody_when_its_server_does_not_renew(pair: Pair) -> None:
    pair.run(1)
    pair.is_cut = True
    pair.run(530)
    assert pair.state() is DhcpState.REBINDING
    packet = Ether(pair.frames[-1][1])
    assert (packet.dst, packet[IP].src) == ("ff:ff:ff:ff:ff:ff", "192.168.50.100")
    assert pair.address() == "192.168.50.100/24"
    pair.is_cut = False
    pair.run(68)
    assert pair.state() is DhcpState.BOUND


def test_a_lease_that_ran_out_is_gone_and_asked_for_again(pair: Pair) -> None:
    pair.run(1)
    pair.is_cut = True
    pair.run(605)
    assert pair.address() is None
    pair.is_cut = False
    pair.run(10)
    assert pair.address() == "192.168.50.100/24"
    assert ("discover", "192.168.50.100") in pair.server.seen


def test_renewals_of_a_lost_server_are_few(pair: Pair) -> None:
    pair.run(1)
    pair.is_cut = True
    before = len(pair.frames)
    pair.run(598)
    assert len(pair.frames) - before <= 6


def test_a_refused_renewal_starts_over_at_once(pair: Pair) -> None:
    pair.run(1)
    pair.server.network, pair.server.next_host = "192.168.51.0/24", 100
    pair.server.given.clear()
    pair.run(310)
    assert pair.address() == "192.168.51.100/24"


def test_a_server_that_refuses_what_it_offers_is_asked_every_ten_seconds(pair: Pair) -> None:
    pair.server.refuses = True
    pair.run(100)
    assert len(pair.frames) <= 2 * (1 + 100 / PAUSE)
    assert pair.state() is DhcpState.PAUSED
    assert pair.client.is_silent_around


def test_a_declined_address_is_told_to_the_server_and_not_wanted_again(pair: Pair) -> None:
    pair.run(1)
    pair.client.decline(now=pair.now)
    pair.run(PAUSE - 1)
    assert pair.server.seen[-1] == ("decline", "192.168.50.100")
    assert pair.address() is None
    pair.run(3)
    assert pair.address() == "192.168.50.101/24"


def test_a_released_lease_is_told_to_its_server_alone(pair: Pair) -> None:
    pair.run(1)
    pair.client.release(now=pair.now)
    pair.run(1)
    packet = Ether(pair.frames[-1][1])
    assert pair.server.seen[-1] == ("release", "192.168.50.100")
    assert (packet.dst, packet[BOOTP].ciaddr) == (str(pair.server.mac), "192.168.50.100")
    assert pair.state() is DhcpState.STOPPED
    assert pair.client.next_deadline() is None


def test_a_stop_says_nothing_and_the_next_start_wants_the_same_address(pair: Pair) -> None:
    pair.run(1)
    pair.client.stop()
    pair.run(10)
    assert pair.kinds == ["discover", "request"]
    pair.client.start(now=pair.now)
    pair.run(1)
    assert pair.server.seen[2] == ("discover", "192.168.50.100")
    assert pair.address() == "192.168.50.100/24"


def test_after_an_outage_the_lease_is_confirmed(pair: Pair) -> None:
    pair.run(1)
    pair.client.start_again(now=pair.now)
    assert pair.address() == "192.168.50.100/24"
    pair.run(1)
    assert pair.server.seen[2:] == [("request", "192.168.50.100")]
    assert pair.state() is DhcpState.BOUND


def test_without_a_confirmation_the_lease_is_kept_until_it_ends(pair: Pair) -> None:
    pair.run(1)
    pair.is_cut = True
    pair.client.start_again(now=pair.now)
    pair.run(30)
    assert pair.state() is DhcpState.BOUND
    assert pair.address() == "192.168.50.100/24"


def test_after_an_outage_in_another_network_there_is_another_lease(pair: Pair) -> None:
    pair.run(1)
    pair.server.network, pair.server.next_host = "192.168.51.0/24", 100
    pair.server.given.clear()
    pair.client.start_again(now=pair.now)
    pair.run(1)
    assert pair.address() == "192.168.51.100/24"


def test_an_outage_longer_than_the_lease_begins_anew(pair: Pair) -> None:
    pair.run(1)
    pair.client.start_again(now=pair.now + 700)
    assert pair.address() is None
    pair.run(701)
    assert pair.address() == "192.168.50.100/24"


def test_answers_to_other_questions_are_left_alone(pair: Pair, dhcp_server: MakeServer) -> None:
    stranger = DhcpClient(mac=MAC, random=Random(2))
    stranger.start(now=0.0)
    (question,) = stranger.frames_to_send(now=0.0)
    pair.client.frames_to_send(now=0.0)
    (answer,) = dhcp_server().receive_frame(question, now=0.0)
    message = answer_in(answer, mac=MAC)
    assert message is not None
    assert not pair.client.receive_message(message, server_mac=pair.server.mac, now=0.0)
    assert pair.state() is DhcpState.SELECTING


def test_an_acknowledgement_of_a_server_that_was_not_chosen_does_not_count(
    pair: Pair, dhcp_server: MakeServer
) -> None:
    (discover,) = pair.client.frames_to_send(now=0.0)
    pair.answer(discover)
    (request,) = pair.client.frames_to_send(now=0.0)
    other = dhcp_server(network="10.9.9.0/24", router="10.9.9.1")
    other.receive_frame(discover, now=0.0)
    message = answer_in(other.answer(Ether(request), "ack", "10.9.9.100"), mac=MAC)
    assert message is not None
    pair.client.receive_message(message, server_mac=other.mac, now=0.0)
    assert pair.client.lease is None
    pair.answer(request)
    assert pair.address() == "192.168.50.100/24"
