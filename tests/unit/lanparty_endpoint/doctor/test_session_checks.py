"""What the doctor says of a running session and of the machine around it."""

from ipaddress import IPv4Interface, IPv4Network
from typing import Any

import pytest

from lanparty_client_core import SessionState
from lanparty_ctrl import Role
from lanparty_endpoint.doctor import (
    FriendFacts,
    InterfaceFacts,
    MachineFacts,
    Outcome,
    SessionFacts,
    judge_address,
    judge_device,
    judge_mac,
    judge_own_lan,
    judge_permission,
    judge_room,
    judge_routes,
)

MAC = "02:00:5e:10:00:01"
BOB = FriendFacts(peer_id=2, name="bob", role=Role.CLIENT, mac="02:00:5e:10:00:02")
GATE = FriendFacts(peer_id=3, name="gate", role=Role.GATEWAY)


def session(**changed: Any) -> SessionFacts:
    usual: dict[str, Any] = {
        "state": SessionState.JOINED,
        "sentence": "In the room.",
        "interface": "lan0",
        "mac": MAC,
        "room_mtu": 1_500,
        "send_budget": 1_170,
        "addresses": (IPv4Interface("10.77.3.1/24"),),
        "friends": (BOB,),
    }
    return SessionFacts(**(usual | changed))


def machine(**changed: Any) -> MachineFacts:
    usual: dict[str, Any] = {
        "has_device": True,
        "may_administer": True,
        "service_answers": False,
        "interfaces": (
            InterfaceFacts(
                name="eth0", mac="00:00:5e:00:53:01", networks=(IPv4Network("192.168.0.0/24"),)
            ),
        ),
        "broadcast_goes_by": "lan0",
        "multicast_goes_by": "lan0",
    }
    return MachineFacts(**(usual | changed))


def test_facts_of_a_session_survive_their_way_as_json() -> None:
    facts = session(friends=(BOB, GATE), own_lan=True, hears_itself=False)
    assert SessionFacts.model_validate(facts.model_dump(mode="json")) == facts


def test_a_healthy_session_has_nothing_to_complain_of() -> None:
    results = [
        judge_room(session()),
        judge_device(machine(), session()),
        judge_permission(machine(), session()),
        judge_mac(machine(), session()),
        judge_address(machine(), session()),
        judge_own_lan(session()),
        judge_routes(machine(), session()),
    ]
    assert {result.outcome for result in results} == {Outcome.OK}
    assert not any(result.advice for result in results)


def test_without_a_session_the_room_is_skipped_and_one_line_says_why() -> None:
    skipped = [
        judge_room(None),
        judge_mac(machine(), None),
        judge_address(machine(), None),
        judge_own_lan(None),
        judge_routes(machine(), None),
    ]
    assert {result.outcome for result in skipped} == {Outcome.SKIPPED}
    assert ["Join the room" in result.advice for result in skipped] == [True] + [False] * 4


@pytest.mark.parametrize("state", [SessionState.RECONNECTING, SessionState.REJECTED])
def test_a_session_that_is_not_in_its_room_says_its_own_sentence(state: SessionState) -> None:
    result = judge_room(session(state=state, sentence="The relay doesn't answer."))
    assert result.outcome is Outcome.FAILED
    assert result.advice == "The relay doesn't answer."


def test_without_a_session_device_and_permission_are_looked_at() -> None:
    assert judge_device(machine(), None).outcome is Outcome.OK
    missing = judge_device(machine(has_device=False), None)
    assert missing.outcome is Outcome.FAILED
    assert "modprobe tun" in missing.advice


@pytest.mark.parametrize(
    ("may_administer", "service_answers", "outcome"),
    [
        (True, False, Outcome.OK),
        (False, True, Outcome.OK),
        (False, False, Outcome.FAILED),
    ],
)
def test_a_player_may_join_by_right_or_through_the_service(
    may_administer: bool, service_answers: bool, outcome: Outcome
) -> None:
    facts = machine(may_administer=may_administer, service_answers=service_answers)
    result = judge_permission(facts, None)
    assert result.outcome is outcome
    if outcome is Outcome.FAILED:
        assert "lanparty-client setup" in result.advice
        assert "as root" in result.advice


def test_the_same_mac_address_here_or_in_the_room_is_found() -> None:
    twin = machine(interfaces=(InterfaceFacts(name="br0", mac=MAC.upper()),))
    assert judge_mac(twin, session()).outcome is Outcome.FAILED
    assert "br0" in judge_mac(twin, session()).advice
    copy = FriendFacts(peer_id=4, name="copy", role=Role.CLIENT, mac=MAC)
    result = judge_mac(machine(), session(friends=(copy,)))
    assert result.outcome is Outcome.FAILED
    assert "copy" in result.advice


def test_a_network_that_is_another_interfaces_too_is_a_collision() -> None:
    result = judge_address(machine(), session(addresses=(IPv4Interface("192.168.0.77/16"),)))
    assert result.outcome is Outcome.FAILED
    assert result.figure == "192.168.0.77/16 collides with eth0"
    assert "192.168.0.0/16" in result.advice


def test_no_address_is_a_failure_unless_the_player_sets_it() -> None:
    assert judge_address(machine(), session(addresses=())).outcome is Outcome.FAILED
    chosen = judge_address(machine(), session(addresses=(), wants_address=False))
    assert (chosen.outcome, chosen.figure) == (Outcome.WARNING, "none, as you asked")


def test_what_the_addressing_has_to_say_is_passed_on() -> None:
    result = judge_address(machine(), session(notices=("10.77.3.1 is somebody else's.",)))
    assert (result.outcome, result.advice) == (Outcome.WARNING, "10.77.3.1 is somebody else's.")


def test_on_the_gateways_own_network_the_addresses_are_not_blamed() -> None:
    facts = session(notices=("No DHCP server answers.",), own_lan=True)
    assert judge_address(machine(), facts).outcome is Outcome.OK


def test_a_link_local_address_alone_is_worth_a_word() -> None:
    result = judge_address(machine(), session(addresses=(IPv4Interface("169.254.7.7/16"),)))
    assert result.outcome is Outcome.WARNING


def test_being_on_the_gateways_own_network_is_said_exactly() -> None:
    result = judge_own_lan(session(friends=(BOB, GATE), own_lan=True))
    assert result.outcome is Outcome.FAILED
    assert result.advice.startswith(
        "This computer is on the local network that the room's gateway bridges"
    )


@pytest.mark.parametrize(
    ("friends", "own_lan", "outcome", "figure"),
    [
        ((BOB,), None, Outcome.OK, "the room has no gateway"),
        ((BOB, GATE), False, Outcome.OK, "not this computer's own"),
        ((BOB, GATE), None, Outcome.WARNING, "it couldn't be told from this computer's own"),
    ],
)
def test_another_gateway_or_none_is_fine(
    friends: tuple[FriendFacts, ...], own_lan: bool | None, outcome: Outcome, figure: str
) -> None:
    result = judge_own_lan(session(friends=friends, own_lan=own_lan))
    assert (result.outcome, result.figure) == (outcome, figure)


def test_broadcasts_that_leave_elsewhere_are_a_failure_that_names_the_way() -> None:
    result = judge_routes(machine(broadcast_goes_by="tun0", multicast_goes_by=""), session())
    assert result.outcome is Outcome.FAILED
    assert result.figure == "255.255.255.255 leaves by tun0; 224.0.0.0/4 has no way"


def test_without_discovery_routes_that_is_as_the_player_wanted() -> None:
    result = judge_routes(machine(broadcast_goes_by="eth0"), session(discovery_routes=False))
    assert result.outcome is Outcome.WARNING
    assert "--no-discovery-routes" in result.advice


def test_a_standby_that_waits_is_where_it_should_be() -> None:
    result = judge_room(session(state=SessionState.WAITING, sentence="It waits."))
    assert (result.outcome, result.figure) == (Outcome.OK, "waits as a standby")
