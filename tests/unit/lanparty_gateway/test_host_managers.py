"""Who looks after an interface, and what to write for whom."""

import pytest

from lanparty_gateway.host.managers import Manager, RunningProgram, instead, manager_of
from lanparty_gateway.host.picture import HostPicture

PICTURE = HostPicture(name="eth0", mac="02:00:00:00:00:01", mtu=1500, is_ethernet=True, is_up=True)


def found(
    *lines: str, networkd: dict[str, str] | None = None, nm: dict[str, str] | None = None
) -> Manager | None:
    programs = [RunningProgram(tuple(line.split())) for line in ("/sbin/init", *lines)]
    return manager_of(
        "eth0", programs, networkd_state=networkd or {}, network_manager_state=nm or {}
    )


def test_an_interface_that_nobody_looks_after_may_be_set_up() -> None:
    assert found() is None
    assert (
        manager_of("eth0", [RunningProgram(())], networkd_state={}, network_manager_state={})
        is None
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, None),
        ({"ADMIN_STATE": "unmanaged"}, None),
        ({"ADMIN_STATE": "configured"}, Manager.NETWORKD),
        ({"ADMIN_STATE": "configuring"}, Manager.NETWORKD),
    ],
)
def test_networkd_is_asked_what_it_does(state: dict[str, str], expected: Manager | None) -> None:
    assert found("/usr/lib/systemd/systemd-networkd", networkd=state) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, Manager.NETWORK_MANAGER),
        ({"managed": "true"}, Manager.NETWORK_MANAGER),
        ({"managed": "false"}, None),
    ],
)
def test_network_manager_is_asked_what_it_does(
    state: dict[str, str], expected: Manager | None
) -> None:
    assert found("/usr/sbin/NetworkManager --no-daemon", nm=state) is expected


def test_what_a_stopped_manager_has_left_does_not_count() -> None:
    assert found(networkd={"ADMIN_STATE": "configured"}, nm={"managed": "true"}) is None


@pytest.mark.parametrize(
    ("line", "is_managed"),
    [
        ("/sbin/dhclient -4 -v -i -pf /run/dhclient.eth0.pid eth0", True),
        ("/sbin/dhclient wlan0", False),
        ("/sbin/dhclient -v", True),
        ("udhcpc -i eth0", True),
        ("udhcpc -i wlan0", False),
        ("/usr/sbin/dhcpcd -q -b", True),
        ("dhcpcd: [master] [ip4] [ip6]", True),
        ("/usr/sbin/connmand -n", True),
        ("vim dhclient.conf eth0", False),
    ],
)
def test_a_dhcp_client_keeps_the_interfaces_that_it_asks_for(line: str, is_managed: bool) -> None:
    assert (found(line) is not None) is is_managed


@pytest.mark.parametrize("manager", Manager)
def test_every_manager_gets_lines_that_name_the_interface_and_the_gateways_end(
    manager: Manager,
) -> None:
    text = instead(manager, PICTURE)
    assert "nothing was changed" in text
    for name in ("eth0", "slbr0", "slgw0", "slgw1"):
        assert name in text
    assert PICTURE.mac in text


def test_the_lines_turn_spanning_tree_and_multicast_snooping_off() -> None:
    networkd = instead(Manager.NETWORKD, PICTURE)
    assert "STP=no" in networkd
    assert "MulticastSnooping=no" in networkd
    network_manager = instead(Manager.NETWORK_MANAGER, PICTURE)
    assert "bridge.stp no bridge.multicast-snooping no" in network_manager
