"""The settings of the gateway, and the wish that comes of them."""

import pytest
from pydantic import ValidationError

from lanparty_command import CommandFailed, ExitCode, RelayAddress
from lanparty_gateway.bridge import DhcpPolicy, RouterAdvertisementPolicy
from lanparty_gateway.settings import GatewaySettings

PIN = "sha256:" + "A" * 43
INVITE = f"softlan://relay.example/7K3M-9QXR-T2V#{PIN}"


def settings(**given: str) -> GatewaySettings:
    return GatewaySettings.model_validate({"name": "Attic", "interface": "eth0"} | given)


def test_an_invite_and_an_interface_are_enough() -> None:
    wish = settings(invite=INVITE).wish()
    assert (wish.relay, wish.pin, wish.interface) == (RelayAddress("relay.example"), PIN, "eth0")
    assert not wish.standby
    assert wish.policy.dhcp is DhcpPolicy.LAN_TO_ROOM
    assert wish.policy.ipv6_ra is RouterAdvertisementPolicy.BLOCK
    assert wish.policy.allow_macs == frozenset()


def test_without_a_room_one_is_made() -> None:
    wish = settings(relay="relay.example").wish()
    assert wish.create
    assert wish.room is None


def test_without_an_interface_it_says_how_to_name_one() -> None:
    chosen = GatewaySettings.model_validate({"name": "Attic", "invite": INVITE})
    with pytest.raises(CommandFailed, match="--interface NAME") as failed:
        chosen.wish()
    assert failed.value.exit_code == ExitCode.USAGE


def test_what_may_cross_is_said_in_words() -> None:
    wish = settings(
        invite=INVITE,
        dhcp="block",
        ipv6_ra="allow",
        allow_macs="02:00:00:00:00:01, 02-00-00-00-00-02",
        vlan="7",
        broadcast_rate="10",
        room_rate="20",
        mac_nat="yes",
    ).wish()
    policy = wish.policy
    assert policy.dhcp is DhcpPolicy.BLOCK
    assert policy.ipv6_ra is RouterAdvertisementPolicy.ALLOW
    assert policy.allow_macs == {b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"}
    assert (policy.vlan, policy.broadcast_rate, policy.room_rate) == (7, 10, 20)
    assert wish.preflight.mac_nat
    assert wish.preflight.vlan == 7


@pytest.mark.parametrize(
    "given",
    [
        {"dhcp": "room-to-lan"},
        {"ipv6_ra": "maybe"},
        {"allow_macs": "02:00:00"},
        {"vlan": "0"},
        {"vlan": "4095"},
        {"broadcast_rate": "0"},
        {"room_rate": "-1"},
        {"interface": "../eth0"},
        {"interface": "lo"},
    ],
)
def test_a_value_that_can_not_be_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(invite=INVITE, **given)


def test_a_report_holds_the_settings_without_code_and_pin() -> None:
    told = str(settings(invite=INVITE, allow_macs="02:00:00:00:00:01").wish().asked_for())
    assert "7K3M" not in told
    assert "sha256" not in told
    assert "02:00" not in told
