"""The preflight as a whole: a line for every check; what rests on a failed one is left out."""

import json
from ipaddress import IPv4Address

from lanparty_endpoint.doctor import CheckName, Outcome, lines_of, summary
from lanparty_gateway.preflight import DhcpServer, PreflightCheck, Wish, judge_in_room
from lanparty_gateway.preflight.examination import can_be_surveyed, judge
from lanparty_gateway.preflight.facts import (
    ForeignMacFacts,
    HeardFacts,
    InterfaceFacts,
    LanFacts,
    Upper,
    WirelessFacts,
)
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")
WISH = Wish(interface="eth0")
ETH0 = InterfaceFacts(index=2, name="eth0", mac=MAC, hardware_type=1)
ROUTER = DhcpServer(address=IPv4Address("192.168.7.1"))
GOOD = LanFacts(
    permitted=True,
    interface=ETH0,
    heard=HeardFacts(seconds=3.2),
    foreign_mac=ForeignMacFacts(asked=(ROUTER.address,), tries=1, foreign_answered=True),
    dhcp_servers=(ROUTER,),
)


def outcomes(facts: LanFacts, wish: Wish = WISH) -> dict[CheckName, Outcome]:
    results = judge(wish, facts).results
    assert [result.check for result in results] == list(PreflightCheck)
    return {result.check: result.outcome for result in results}


def test_every_check_has_a_label_that_fits_its_column() -> None:
    assert all(0 < len(check.label) < 20 for check in PreflightCheck)


def test_a_good_lan_is_fine_in_all_its_lines() -> None:
    found = judge(WISH, GOOD)
    assert found.outcome is Outcome.OK
    assert [line.text for result in found.results for line in lines_of(result)] == [
        "    ok  permission          raw Ethernet frames",
        "    ok  interface           eth0, 02:00:5e:10:00:01",
        "    ok  kind of interface   Ethernet",
        "    ok  link                up",
        "    ok  Wi-Fi               no Wi-Fi",
        "    ok  LAN's packet size   1500 bytes",
        "     -  host's own routing  matters only with --mac-nat",
        "    ok  players' addresses  pass",
        "    ok  other gateways      none heard",
        "    ok  spanning tree       none heard",
        "    ok  VLANs               none",
        "    ok  DHCP servers        192.168.7.1",
    ]
    assert summary(found.results) == "All that could be looked at is fine."


def test_without_the_interface_only_the_first_lines_say_something() -> None:
    found = outcomes(LanFacts(permitted=True))
    assert found.pop(PreflightCheck.PERMISSION) is Outcome.OK
    assert found.pop(PreflightCheck.INTERFACE) is Outcome.FAILED
    assert set(found.values()) == {Outcome.SKIPPED}


def test_a_bridge_port_is_not_looked_at_further() -> None:
    port = InterfaceFacts(
        index=2, name="eth0", mac=MAC, hardware_type=1, upper=Upper(name="br0", kind="bridge")
    )
    facts = LanFacts(permitted=True, interface=port)
    assert not can_be_surveyed(WISH, facts)
    assert outcomes(facts)[PreflightCheck.LINK] is Outcome.SKIPPED


def test_what_has_a_link_can_be_surveyed_also_over_wifi() -> None:
    wireless = InterfaceFacts(
        index=2, name="eth0", mac=MAC, hardware_type=1, wireless=WirelessFacts()
    )
    assert can_be_surveyed(WISH, LanFacts(permitted=True, interface=ETH0))
    assert can_be_surveyed(WISH, LanFacts(permitted=True, interface=wireless))
    assert not can_be_surveyed(WISH, LanFacts(permitted=False, interface=ETH0))
    unplugged = InterfaceFacts(index=2, name="eth0", mac=MAC, hardware_type=1, carrier=False)
    assert not can_be_surveyed(WISH, LanFacts(permitted=True, interface=unplugged))


def test_the_json_names_every_finding() -> None:
    document = json.loads(json.dumps(judge(WISH, GOOD).to_dict(version="1.0")))
    assert (document["version"], document["interface"], document["outcome"]) == (
        "1.0",
        "eth0",
        "ok",
    )
    assert len(document["checks"]) == len(PreflightCheck)
    assert all("finding" in check["details"] for check in document["checks"])


def test_the_room_has_its_own_word_on_sizes_and_dhcp() -> None:
    found = judge(WISH, GOOD)
    elsewhere = DhcpServer(address=IPv4Address("10.0.0.1"))
    results = judge_in_room(found, room_mtu=1500, room_servers=[elsewhere], dhcp_crosses=True)
    assert [(result.check, result.outcome) for result in results] == [
        (PreflightCheck.MTU, Outcome.OK),
        (PreflightCheck.DHCP, Outcome.WARNING),
    ]
    quiet = judge_in_room(found, room_mtu=1280, room_servers=[], dhcp_crosses=True)
    assert {result.outcome for result in quiet} == {Outcome.OK}


def test_a_forced_gateway_without_interface_has_nothing_to_say_of_the_room() -> None:
    found = judge(WISH, LanFacts(permitted=True))
    assert judge_in_room(found, room_mtu=1500, room_servers=[], dhcp_crosses=True) == []
