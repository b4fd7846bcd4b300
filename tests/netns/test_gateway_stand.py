"""The LAN of the stand is as LANs are: its switch, its ports and its hosts' offloads."""

from collections.abc import Callable

import pytest
from ethernet_socket import EthernetSocket
from lan import LAN6, Lan, mac_of, offloads_of
from network import RELAY_ADDRESS
from programs import wait_until

ETHERTYPE = b"\x88\xb6"
FOREIGN = bytes.fromhex("02005e1000aa")


def frame(lan: Lan, number: int, source: bytes = FOREIGN) -> bytes:
    target = bytes.fromhex(mac_of(lan.game).replace(":", ""))
    return target + source + ETHERTYPE + bytes([number]) * 46


def came(socket: EthernetSocket, wanted: bytes, *, limit: float) -> bool:
    """Whether a frame comes in time, among whatever else comes."""
    while (one := socket.receive(limit=limit)) is not None:
        if one == wanted:
            return True
    return False


def test_hosts_have_every_offload_and_reach_each_other_and_the_relay(
    lan: Lan, tool: Callable[[str, str], str]
) -> None:
    ethtool = tool("ethtool", "ethtool")
    for host in lan.hosts:
        assert all(offloads_of(ethtool, host).values()), offloads_of(ethtool, host)
    for address in (lan.address_of(lan.game), lan.address6_of(lan.game), RELAY_ADDRESS):
        assert "1 received" in lan.gateway_host.run("ping", "-c1", "-W2", address)


def test_a_switch_keeps_from_the_gateway_what_a_hub_shows_it(lan: Lan) -> None:
    with (
        EthernetSocket(lan.files, "eth0") as sender,
        EthernetSocket(lan.gateway_host, "eth0", promiscuous=True) as seen,
        EthernetSocket(lan.game, "eth0") as target,
    ):
        learned = frame(lan, 0, sender.mac)[:6]
        target.send(sender.mac + learned + ETHERTYPE + bytes(46))
        for number, expected in ((1, False), (2, True)):
            sent = frame(lan, number, sender.mac)
            sender.send(sent)
            assert came(target, sent, limit=2)
            assert came(seen, sent, limit=0.3) is expected
            lan.be_a_hub()
    lan.be_a_switch()


def test_a_wireless_like_port_drops_foreign_senders_alone(lan: Lan) -> None:
    lan.make_wireless_like(lan.gateway_host)
    try:
        with (
            EthernetSocket(lan.gateway_host, "eth0") as sender,
            EthernetSocket(lan.game, "eth0") as target,
        ):
            own, foreign = frame(lan, 3, sender.mac), frame(lan, 4)
            sender.send(foreign)
            sender.send(own)
            assert came(target, own, limit=2)
            assert not came(target, foreign, limit=0.3)
    finally:
        lan.make_wired()


@pytest.mark.timeout(90)
def test_the_router_advertises_itself_to_the_lan(lan: Lan, tool: Callable[[str, str], str]) -> None:
    with lan.advertise(tool("dnsmasq", "dnsmasq-base")):
        wait_until(
            lambda: "default via fe80" in lan.game.ip("-6", "route"), "a default route", limit=15
        )
    assert str(LAN6) in lan.game.ip("-6", "route")
