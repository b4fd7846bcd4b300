"""A real systemd-networkd that would configure every interface leaves the room's alone."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from namespaces import Namespace

NETWORKD = Path("/lib/systemd/systemd-networkd")

# A /run of its own, a /sys that can't be written (there is no udev to wait for), and a bus on which
# `networkctl reload` finds the service.
STAGE = """
set -e
mount -t tmpfs tmpfs /run
mount -o remount,bind,ro /sys
mkdir -p /run/systemd/netif /run/systemd/network /run/dbus
chown systemd-network /run/systemd/netif
cat >/run/systemd/network/90-everything.network <<end
[Match]
Name=*
[Network]
Address=10.200.0.1/24
end
cat >/run/bus.conf <<end
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*"/><allow own="*"/>
<allow eavesdrop="true"/><allow user="*"/></policy></busconfig>
end
dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile >/dev/null 2>&1 & bus=$!
"$1" >/dev/null 2>&1 & networkd=$!
trap 'kill $networkd $bus; wait' EXIT
"$2" -c "$3"
"""

JOIN = """
import asyncio, contextlib, os, pathlib, subprocess, time
from lanparty_client.linux.leave_alone import leave_alone, take_back
from lanparty_client.linux.tap import TapPort

links, give_up_at = pathlib.Path("/run/systemd/netif/links"), time.monotonic() + 40

def wait_until(look):
    while not look():
        assert time.monotonic() < give_up_at, subprocess.getoutput("ip address")
        time.sleep(0.05)

def state(port):
    with contextlib.suppress(OSError):
        for line in (links / str(port.index)).read_text().splitlines():
            if line.startswith("ADMIN_STATE="):
                return line.removeprefix("ADMIN_STATE=")

async def main():
    wait_until(lambda: subprocess.getstatusoutput("networkctl reload")[0] == 0)  # it has started
    wait_until(pathlib.Path("/run/systemd/netif/state").exists)
    assert await leave_alone("lan0") == ()
    room, other = TapPort.open("lan0"), TapPort.open("other0")
    for port in (room, other):
        subprocess.run(("ip", "link", "set", port.name, "up"), check=True)
    wait_until(lambda: "10.200.0.1" in subprocess.getoutput("ip address show other0"))
    wait_until(lambda: state(room) == "unmanaged")
    print("room has", subprocess.getoutput("ip -4 -o address show lan0") or "nothing")
    room.close()
    await take_back("lan0")
    print([path.name for path in pathlib.Path("/run/systemd/network").iterdir()])

asyncio.run(main())
"""


def test_networkd_configures_the_others_and_not_the_room_s(
    machine: Callable[[str], Namespace],
    tool: Callable[[str, str], str],
    lacking: Callable[[str], NoReturn],
) -> None:
    if not NETWORKD.exists():
        lacking("systemd-networkd is not installed: Debian's package systemd has it")
    tool("networkctl", "systemd")
    tool("dbus-daemon", "dbus-daemon")
    said = machine("pc").run(
        *("unshare", "-m", "sh", "-c", STAGE, "sh", NETWORKD, sys.executable, JOIN), limit=50
    )
    assert said.splitlines()[-2:] == ["room has nothing", "['90-everything.network']"]
