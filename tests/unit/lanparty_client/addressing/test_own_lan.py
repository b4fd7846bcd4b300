"""The question whether this machine's router is behind the room's gateway."""

from ipaddress import IPv4Address

from lanparty_client.addressing.own_lan import (
    CHECK_SECONDS,
    Neighbour,
    OwnLanCheck,
    OwnLanResult,
    OwnLanWatch,
)
from lanparty_ethernet import ArpPacket
from lanparty_proto import MacAddress

OWN = MacAddress.parse("02:00:5e:10:00:01")
ROUTER = Neighbour(IPv4Address("192.168.1.1"), MacAddress.parse("02:00:5e:10:00:77"))
ANOTHER = Neighbour(ROUTER.address, MacAddress.parse("02:00:5e:10:00:78"))
GATEWAY = 9
PROBE = ArpPacket.probe(sender_mac=OWN, target=ROUTER.address)


def result_of(one: OwnLanCheck | OwnLanWatch) -> OwnLanResult:
    return one.result


def check() -> OwnLanCheck:
    return OwnLanCheck(ROUTER, gateway=GATEWAY, mac=OWN, now=0.0)


def test_the_router_is_asked_for_three_times_within_the_second() -> None:
    asked = check()
    sent = []
    while (at := asked.next_deadline()) is not None:
        sent += [(at, packet) for packet in asked.packets_to_send(now=at)]
    assert [packet for _, packet in sent] == [PROBE] * 3
    assert max(when for when, _ in sent) < CHECK_SECONDS
    assert result_of(asked) is OwnLanResult.CLEAR


def test_the_very_mac_through_the_gateway_is_it() -> None:
    asked = check()
    asked.receive_arp(PROBE.reply(ROUTER.mac), source=GATEWAY)
    assert result_of(asked) is OwnLanResult.FOUND
    assert asked.next_deadline() is None


def test_another_mac_is_another_router() -> None:
    asked = check()
    asked.receive_arp(PROBE.reply(ANOTHER.mac), source=GATEWAY)
    assert result_of(asked) is OwnLanResult.CLEAR


def test_what_does_not_come_through_the_gateway_says_nothing() -> None:
    asked = check()
    asked.receive_arp(PROBE.reply(ROUTER.mac), source=4)
    assert result_of(asked) is OwnLanResult.CHECKING


def test_a_late_answer_counts_too() -> None:
    asked = check()
    asked.packets_to_send(now=CHECK_SECONDS)
    assert result_of(asked) is OwnLanResult.CLEAR
    asked.receive_arp(PROBE.reply(ROUTER.mac), source=GATEWAY)
    assert result_of(asked) is OwnLanResult.FOUND


def test_each_router_is_checked_once_behind_each_gateway() -> None:
    watch = OwnLanWatch(mac=OWN)
    watch.follow(router=None, gateway=GATEWAY, now=0)
    assert result_of(watch) is OwnLanResult.UNKNOWN
    watch.follow(router=ROUTER, gateway=GATEWAY, now=0)
    watch.receive_arp(PROBE.reply(ANOTHER.mac), source=GATEWAY)
    watch.follow(router=ROUTER, gateway=GATEWAY, now=1)
    assert result_of(watch) is OwnLanResult.CLEAR
    watch.follow(router=ROUTER, gateway=12, now=2)
    assert result_of(watch) is OwnLanResult.CHECKING
    watch.receive_arp(PROBE.reply(ROUTER.mac), source=12)
    assert watch.found == ROUTER
    watch.follow(router=ROUTER, gateway=None, now=3)
    assert result_of(watch) is OwnLanResult.UNKNOWN


def test_a_check_that_an_outage_interrupts_begins_anew() -> None:
    watch = OwnLanWatch(mac=OWN)
    watch.follow(router=ROUTER, gateway=GATEWAY, now=0)
    watch.packets_to_send(now=0)
    watch.interrupt()
    watch.follow(router=ROUTER, gateway=GATEWAY, now=50)
    assert watch.packets_to_send(now=50) == [PROBE]
    assert result_of(watch) is OwnLanResult.CHECKING
