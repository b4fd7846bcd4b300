"""The preflight of a running gateway: what is told when, and what forbids to bridge."""

import random
from ipaddress import IPv4Address

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_gateway.examining import Examining
from lanparty_gateway.preflight import DhcpServer, PreflightCheck
from lanparty_gateway.preflight.examination import judge
from lanparty_gateway.preflight.facts import (
    ForeignMacFacts,
    HeardFacts,
    InterfaceFacts,
    LanFacts,
)
from lanparty_gateway.settings import GatewaySettings
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:5e:10:00:01")
ROUTER = DhcpServer(address=IPv4Address("192.168.7.1"))


def examining() -> Examining:
    given = {"interface": "eth0", "relay": "relay.example"}
    wish = GatewaySettings.model_validate(given).wish()
    return Examining(wish, random=random.Random(1), mac=MAC, transaction=7)


def look(looks: Examining, *, mtu: int = 1_500, heard_gateways: tuple[int, ...] = ()) -> None:
    """Let it have found a good LAN but for these."""
    facts = LanFacts(
        permitted=True,
        interface=InterfaceFacts(index=2, name="eth0", mac=MAC, hardware_type=1, mtu=mtu),
        heard=HeardFacts(seconds=3.2, gateways=heard_gateways),
        foreign_mac=ForeignMacFacts(asked=(ROUTER.address,), tries=1, foreign_answered=True),
        dhcp_servers=(ROUTER,),
    )
    given = {"interface": "eth0", "relay": "relay.example"}
    looks.handle_examined(judge(GatewaySettings.model_validate(given).wish().preflight, facts))


def checks(results: list[CheckResult]) -> list[object]:
    return [result.check for result in results]


def test_before_the_lan_was_looked_at_nothing_is_known() -> None:
    looks = examining()
    assert not looks.is_over
    assert list(looks.results) == list(looks.take_findings()) == []
    assert list(looks.judge_room(1_500)) == []


def test_each_result_is_told_once() -> None:
    looks = examining()
    look(looks)
    assert looks.is_over
    assert len(looks.take_findings()) == len(PreflightCheck)
    assert list(looks.take_findings()) == []


def test_what_is_worth_knowing_stays_while_it_holds() -> None:
    looks = examining()
    look(looks, heard_gateways=(5,))
    looks.take_findings()
    assert checks(looks.warnings) == [PreflightCheck.SECOND_GATEWAY]


def test_a_room_of_larger_frames_than_the_lans_is_a_new_finding() -> None:
    looks = examining()
    look(looks, mtu=1_400)
    looks.take_findings()
    assert list(looks.judge_room(1_400)) == []
    [result] = looks.judge_room(1_500)
    assert result.check is PreflightCheck.MTU
    assert result.outcome in (Outcome.WARNING, Outcome.FAILED)
    assert result in looks.results
    assert list(looks.judge_room(1_500)) == [], "it was told"


def test_it_is_complete_when_the_rooms_dhcp_servers_had_their_time() -> None:
    looks = examining()
    look(looks)
    looks.judge_room(1_500)
    looks.station.frames_to_send(now=0.0)
    looks.take_findings()
    assert not looks.is_complete
    looks.station.frames_to_send(now=10.0)
    assert list(looks.take_findings()) == []
    assert looks.is_complete
