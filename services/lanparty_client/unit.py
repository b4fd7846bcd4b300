"""The files that `lanparty-client setup` installs, as texts; pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lanparty_client.linux.leave_alone import drop_ins
from lanparty_client.session_kind import SERVICE_GROUP, SYSTEM_RUNTIME
from lanparty_client.wish import DEFAULT_INTERFACE

__all__ = ["UNIT_NAME", "InstalledFile", "files_to_install"]

UNIT_NAME: Final = "softlan-client.service"

# Not among the restrictions: ProtectKernelTunables, because the interface's IPv6 settings are
# written in /proc/sys; ProtectProc and ProcSubset, because they hide those.
_UNIT: Final = """\
# Installed by `lanparty-client setup`; `lanparty-client setup --undo` removes it.
[Unit]
Description=softlan: joins LAN party rooms for the users of the group {group}
After=network.target

[Service]
Type=exec
ExecStart={command} serve --state-dir /var/lib/softlan-client --runtime-dir {runtime}
User={group}
Group={group}
UMask=0077
StateDirectory=softlan-client
StateDirectoryMode=0700
RuntimeDirectory={runtime_name}
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
Restart=on-failure
RestartSec=2

AmbientCapabilities=CAP_NET_ADMIN
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
LockPersonality=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

_ACCOUNT: Final = """\
# Installed by `lanparty-client setup`: the user that the service runs as, and the group of those
# who may join rooms through it.
u {group} - "softlan client"
"""


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file of ours on the system."""

    path: Path
    text: str


def files_to_install(command: Path, *, etc: Path = Path("/etc")) -> tuple[InstalledFile, ...]:
    """Return the files for a machine where `command` is `lanparty-client`, in order."""
    names = {"group": SERVICE_GROUP, "runtime": SYSTEM_RUNTIME, "command": command}
    return (
        InstalledFile(etc / "sysusers.d/softlan-client.conf", _ACCOUNT.format(**names)),
        InstalledFile(
            etc / "systemd/system" / UNIT_NAME,
            _UNIT.format(**names, runtime_name=SYSTEM_RUNTIME.name),
        ),
        # The service's user can't write these when an interface comes and goes.
        *(InstalledFile(path, text) for path, text in drop_ins(DEFAULT_INTERFACE, etc).items()),
    )
