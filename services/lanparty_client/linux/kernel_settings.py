"""The kernel's settings of one interface under /proc/sys/net (ip-sysctl.rst).

- IPv6 router advertisements change nothing unless the room's router is wanted. A prefix that is
  "on the link" is a route, and may be 2000::/3: anybody in the room could have the whole internet.
- ARP answers only for addresses of the interface itself, and asks in their name: whoever has the
  room's network at home too keeps quiet about it.
- When the first address of a network goes, the kernel keeps the others.
- Strict reverse path filtering would drop the broadcasts of players whose address is of another
  network; where it is on, it becomes loose.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["Unchanged", "apply_kernel_settings", "has_ipv6"]

_ROOT: Final = Path("/proc/sys/net")
_STRICT: Final = "1"
_LOOSE: Final = "2"


class Unchanged(list[str]):
    """The settings that can't be changed here, by their sysctl names."""

    @property
    def router_advertisements(self) -> bool:
        """One of them decides what router advertisements may install."""
        return any("accept_ra" in name for name in self)


def apply_kernel_settings(
    interface: str, *, accept_room_router: bool, root: Path = _ROOT
) -> Unchanged:
    """Write what differs; a setting that this kernel doesn't have is left out."""
    wanted = _wanted(interface, accept_room_router=accept_room_router)
    if _read(root / "ipv4/conf/all/rp_filter") == _STRICT:
        wanted[f"ipv4/conf/{interface}/rp_filter"] = _LOOSE
    return _write(wanted, root)


def has_ipv6(interface: str, *, root: Path = _ROOT) -> bool:
    """Whether the interface speaks IPv6: the machine may do without."""
    return _read(root / f"ipv6/conf/{interface}/disable_ipv6") == "0"


def _wanted(interface: str, *, accept_room_router: bool) -> dict[str, str]:
    welcome = str(int(accept_room_router))
    return {
        f"ipv6/conf/{interface}/accept_ra_defrtr": welcome,
        f"ipv6/conf/{interface}/accept_ra_mtu": welcome,
        f"ipv6/conf/{interface}/accept_ra_pinfo": welcome,
        f"ipv6/conf/{interface}/accept_ra_rtr_pref": welcome,
        f"ipv6/conf/{interface}/accept_ra_rt_info_max_plen": "0",
        f"ipv4/conf/{interface}/arp_ignore": "1",
        f"ipv4/conf/{interface}/arp_announce": "2",
        f"ipv4/conf/{interface}/promote_secondaries": "1",
    }


def _write(wanted: Mapping[str, str], root: Path) -> Unchanged:
    unchanged = Unchanged()
    for name, value in wanted.items():
        path = root / name
        if _read(path) in {value, None}:
            continue
        try:
            path.write_text(value)
        except OSError:
            unchanged.append("net." + name.replace("/", "."))
    return unchanged


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
