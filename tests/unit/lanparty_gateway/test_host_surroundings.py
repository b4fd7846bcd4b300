"""Which programs are seen, and what they left in /run."""

import os
import socket
from pathlib import Path

import pytest

from lanparty_gateway.host.managers import Manager
from lanparty_gateway.host.surroundings import find_manager

INDEX = socket.if_nametoindex("lo")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with ourselves in network 1."""
    proc = tmp_path / "proc"
    (proc / "thread-self/ns").mkdir(parents=True)
    (proc / "thread-self/ns/net").symlink_to("net:[1]")
    (proc / "sys").mkdir()
    return proc


def add_process(proc: Path, number: int, *words: str, network: str = "net:[1]") -> None:
    folder = proc / str(number)
    (folder / "ns").mkdir(parents=True)
    (folder / "ns/net").symlink_to(network)
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))


def test_a_manager_in_this_network_is_found(proc: Path, tmp_path: Path) -> None:
    add_process(proc, 1, "/sbin/init")
    assert find_manager("lo", proc=proc, run=tmp_path) is None
    add_process(proc, 2, "/usr/sbin/NetworkManager", "--no-daemon")
    assert find_manager("lo", proc=proc, run=tmp_path) is Manager.NETWORK_MANAGER


def test_what_runs_in_a_containers_network_does_not_count(proc: Path, tmp_path: Path) -> None:
    add_process(proc, 2, "/usr/sbin/NetworkManager", network="net:[2]")
    assert find_manager("lo", proc=proc, run=tmp_path) is None


def test_a_process_that_has_just_ended_is_no_error(proc: Path, tmp_path: Path) -> None:
    (proc / "3").mkdir()
    assert find_manager("lo", proc=proc, run=tmp_path) is None


def test_what_networkd_keeps_of_the_interface_is_read(proc: Path, tmp_path: Path) -> None:
    add_process(proc, 2, "/usr/lib/systemd/systemd-networkd")
    links = tmp_path / "systemd/netif/links"
    links.mkdir(parents=True)
    assert find_manager("lo", proc=proc, run=tmp_path) is None
    (links / str(INDEX)).write_text("# private\nADMIN_STATE=configured\nOPER_STATE=routable\n")
    assert find_manager("lo", proc=proc, run=tmp_path) is Manager.NETWORKD


def test_our_own_proc_can_be_read() -> None:
    assert os.path.exists("/proc/thread-self/ns/net")
    find_manager("lo")
