"""An IPv4 link-local address on a simulated clock (RFC 3927)."""

from random import Random

from lanparty_client.addressing.link_local import (
    MAX_CONFLICTS,
    RATE_LIMIT_INTERVAL,
    LinkLocal,
)
from lanparty_ethernet import ArpPacket, link_local_candidate
from lanparty_proto import MacAddress

OWN = MacAddress.parse("02:00:5e:10:00:01")
RIVAL = MacAddress.parse("02:00:5e:10:00:02")


def play(machine: LinkLocal, until: float) -> list[tuple[float, ArpPacket]]:
    sent = []
    while (at := machine.next_deadline()) is not None and at <= until:
        sent += [(at, packet) for packet in machine.packets_to_send(now=at)]
    return sent


def address_of(machine: LinkLocal) -> str | None:
    return None if machine.address is None else str(machine.address)


def started(now: float = 0.0) -> LinkLocal:
    machine = LinkLocal(mac=OWN, random=Random(1))
    machine.start(now=now)
    return machine


def test_the_first_candidate_is_taken_when_nobody_has_it() -> None:
    machine = started()
    assert address_of(machine) is None
    play(machine, until=10)
    assert address_of(machine) == f"{link_local_candidate(OWN, attempt=0)}/16"


def test_a_taken_candidate_is_followed_by_the_next() -> None:
    machine = started()
    ((_, probe),) = play(machine, until=1)
    machine.receive_arp(probe.reply(RIVAL), now=1)
    play(machine, until=12)
    assert address_of(machine) == f"{link_local_candidate(OWN, attempt=1)}/16"


def test_after_many_conflicts_it_tries_once_a_minute() -> None:
    machine = started()
    probes = []
    now = 0.0
    while now < 600:
        at = machine.next_deadline()
        assert at is not None
        now = max(now, at)
        for packet in machine.packets_to_send(now=now):
            probes.append(now)
            machine.receive_arp(packet.reply(RIVAL), now=now)
    early = [when for when in probes if when < RATE_LIMIT_INTERVAL]
    assert len(early) == MAX_CONFLICTS
    assert len(probes) - len(early) <= 600 / RATE_LIMIT_INTERVAL


def test_a_stop_and_a_start_take_the_same_address_again() -> None:
    machine = started()
    play(machine, until=10)
    before = address_of(machine)
    machine.stop()
    assert address_of(machine) is None
    assert machine.next_deadline() is None
    machine.start(now=20)
    play(machine, until=30)
    assert address_of(machine) == before


def test_a_second_start_changes_nothing() -> None:
    machine = started()
    play(machine, until=10)
    machine.start(now=20)
    assert address_of(machine) is not None
    assert machine.next_deadline() is None


def test_an_address_disputed_twice_is_given_up_for_another() -> None:
    machine = started()
    play(machine, until=20)
    held = machine.address
    assert held is not None
    claim = ArpPacket.announcement(mac=RIVAL, address=held.ip)
    machine.receive_arp(claim, now=20)
    assert len(play(machine, until=20)) == 1
    machine.receive_arp(claim, now=25)
    assert address_of(machine) is None
    play(machine, until=40)
    assert address_of(machine) not in (None, str(held))
