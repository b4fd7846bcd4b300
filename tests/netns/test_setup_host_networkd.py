"""The lines that `setup-host` prints for systemd-networkd make the bridge, by the real networkd."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from namespaces import Namespace, link
from programs import wait_until

GATEWAY = Path(sys.executable).with_name("lanparty-gateway")
NETWORKD = "/lib/systemd/systemd-networkd"
LINE = re.compile(r"^/etc/systemd/network/(\S+):\n((?:  .*\n)+)", re.MULTILINE)
HOME = "[Match]\nName={}\n[Network]\nAddress=192.168.33.1/24\n"
# networkd waits for udev unless /sys can't be written, as in containers.
INSIDE = (
    "mount -o remount,ro,bind /sys && mount --bind {run} /run && "
    'mount --bind {etc} /etc/systemd && exec "$@"'
)
LIMIT = 20.0
PORTS = ("eth0", "slgw0", "slgw1")


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Path]:
    """A /run and an /etc/systemd of the machine's own."""
    own = {"run": tmp_path / "run", "etc": tmp_path / "etc"}
    for name in ("links", "leases", "lldp", ""):
        folder = own["run"] / "systemd/netif" / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # networkd becomes a user of its own
    (own["etc"] / "network").mkdir(parents=True)
    return own


def inside(own: dict[str, Path], *command: str | Path) -> tuple[str | Path, ...]:
    return ("unshare", "--mount", "sh", "-c", INSIDE.format(**own), "sh", *command)


def test_networkd_keeps_its_interface_and_makes_the_bridge_by_the_printed_lines(
    machine: Callable[[str], Namespace],
    tool: Callable[[str, str], str],
    own: dict[str, Path],
    tmp_path: Path,
) -> None:
    tool("networkctl", "systemd")
    home, router = machine("home"), machine("router")
    link(home, "eth0", router, "eth0")
    router.ip("addr", "add", "192.168.33.2/24", "dev", "eth0")
    folder = own["etc"] / "network"
    (folder / "10-home.network").write_text(HOME.format("eth0"))

    def addresses(interface: str) -> str:
        return home.ip("-o", "addr", "show", "dev", interface)

    def reaches_router_by(interface: str) -> bool:
        address = home.ip("-o", "-4", "addr").replace("\n", " ")
        answer = home.run("ping", "-c1", "-W1", "192.168.33.2", check=False)
        return f"{interface} " in address and "1 received" in answer

    with home.start(*inside(own, NETWORKD), log=tmp_path / "networkd") as networkd:
        wait_until(
            lambda: reaches_router_by("eth0"), "it's there", limit=LIMIT, explain=networkd.tail
        )
        setup = (GATEWAY, "setup-host", "--interface=eth0")
        done = subprocess.run(
            home.inside_command(inside(own, *setup)), capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert "systemd-networkd, which would undo" in done.stderr
        assert home.interfaces() == {"lo", "eth0"}

    for name, body in LINE.findall(done.stderr):
        (folder / name).write_text("".join(line[2:] for line in body.splitlines(keepends=True)))
    assert len(list(folder.iterdir())) == 5
    (folder / "10-home.network").write_text(HOME.format("slbr0"))
    home.ip("addr", "flush", "dev", "eth0")  # as at the restart that it asks for
    with home.start(*inside(own, NETWORKD), log=tmp_path / "again") as networkd:
        wait_until(
            lambda: reaches_router_by("slbr0") and not any(map(addresses, PORTS)),
            "the bridge has the address, and none of the ports has one",
            limit=LIMIT,
            explain=networkd.tail,
        )
    bridge = home.ip("-d", "link", "show", "dev", "slbr0")
    for setting in ("stp_state 0", "forward_delay 0", "mcast_snooping 0"):
        assert f"{setting} " in bridge
    for port in ("eth0", "slgw1"):
        assert "master slbr0" in home.ip("link", "show", "dev", port)
