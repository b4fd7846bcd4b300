"""The stand itself: its routers translate, its links narrow and lose, its machines go."""

import sys
from collections.abc import Callable
from pathlib import Path

from jitter import PROXY_ADDRESS, start_proxy
from namespaces import Namespace
from network import RELAY_ADDRESS, Network
from programs import wait_until
from real_relay import Relay
from traffic import STREAM_PORT, Stream, Transfer

SIM = Path(sys.executable).with_name("lanparty-sim")


def test_both_homes_reach_the_internet_with_colliding_networks(network: Network) -> None:
    for home in network.homes:
        assert "192.168.0.10/24" in home.host.ip("addr", "show", "dev", "eth0")
        assert "1 received" in home.host.run("ping", "-c1", "-W2", RELAY_ADDRESS)


def test_a_path_mtu_is_told_unless_it_is_a_black_hole(network: Network) -> None:
    home = network.homes[0]
    ping = ("ping", "-c1", "-W1", "-Mdo", "-s1372", RELAY_ADDRESS)
    network.set_path_mtu(home, 1300)
    assert "mtu = 1300" in home.host.run(*ping, check=False)
    home.host.ip("route", "flush", "cache")
    network.set_path_mtu(home, 1300, silent=True)
    assert "mtu" not in home.host.run(*ping, check=False)
    network.set_path_mtu(home)
    assert "1 received" in home.host.run(*ping)


def test_what_is_lost_and_cut_off_comes_back(network: Network) -> None:
    home = network.homes[0]
    ping = ("ping", "-c1", "-W1", RELAY_ADDRESS)
    network.lose(100)
    assert "0 received" in home.host.run(*ping, check=False)
    network.lose(0)
    network.cut_off(home)
    assert "0 received" in home.host.run(*ping, check=False)
    network.reconnect()
    home.unplug()
    assert "0 received" in home.host.run(*ping, check=False)
    home.plug_in()
    assert "1 received" in home.host.run("ping", "-c1", "-W5", RELAY_ADDRESS)


def test_players_behind_two_nats_join_by_their_homes_outer_addresses(
    network: Network, relay: Relay
) -> None:
    players = [
        home.host.start(
            SIM,
            *("join", "--json", "--create", "--room=NATSTAND", f"--name={home.name}"),
            *relay.dial_options,
            log=network.folder / f"{home.name}.jsonl",
        )
        for home in network.homes
    ]
    for player in players:
        player.wait_for_event("joined", limit=10)
    (room,) = relay.api("/api/v1/rooms")["rooms"]
    peers = relay.api(f"/api/v1/rooms/{room['room_id']}/peers")["peers"]
    seen = {peer["name"]: peer["address"].partition(":")[0] for peer in peers}
    assert seen == {home.name: str(home.outer) for home in network.homes}
    assert [player.interrupt() for player in players] == [0, 0]


def test_what_runs_in_a_removed_machine_ends_with_it(
    machine: Callable[[str], Namespace], tmp_path: Path
) -> None:
    gone = machine("gone")
    with gone.start("sleep", "60", log=tmp_path / "sleep.log") as program:
        gone.remove()
        assert program.wait_ended() != 0


def test_traffic_is_counted_and_comes_intact(network: Network) -> None:
    home = network.homes[0]
    with Stream(home.host, network.relay, RELAY_ADDRESS, rate=100) as stream:
        transfer = Transfer(home.host, network.relay, RELAY_ADDRESS, size=1_000_000)
        transfer.finish(limit=5)
    assert transfer.is_intact
    assert transfer.received == 1_000_000
    assert [one.number for one in stream.arrivals] == list(range(stream.sent))


def test_the_proxy_lets_packets_overtake_each_other(network: Network) -> None:
    home = network.homes[0]
    with start_proxy(network, least=0, most=30, port=STREAM_PORT):
        with Stream(home.host, network.relay, PROXY_ADDRESS, rate=200) as stream:
            wait_until(lambda: len(stream.arrivals) > 100, "a hundred packets", limit=5)
        numbers = [one.number for one in stream.arrivals]
    assert sorted(numbers) == list(range(stream.sent))
    assert numbers != sorted(numbers)
