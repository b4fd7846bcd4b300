"""What the kernel's files say of an interface and of the machine: Wi-Fi, hypervisor, routing.

The roots of /sys and /proc are arguments; the files that matter are there without any right.
"""

from pathlib import Path
from typing import Final

from lanparty_gateway.preflight.facts import Hypervisor

__all__ = ["SysFiles"]

_WIRELESS: Final = ("phy80211", "wireless")
_WIRELESS_UEVENT: Final = "DEVTYPE=wlan"
_FAMILIES: Final = ("ipv4", "ipv6")

_VENDORS: Final = (
    ("innotek", Hypervisor.VIRTUALBOX),
    ("virtualbox", Hypervisor.VIRTUALBOX),
    ("vmware", Hypervisor.VMWARE),
    ("microsoft corporation virtual machine", Hypervisor.HYPER_V),
    ("qemu", Hypervisor.QEMU),
    ("kvm", Hypervisor.QEMU),
)
"""Parts of the maker's and the product's name in the firmware's tables (SMBIOS type 1)."""


class SysFiles:
    """Reads them. What can't be read isn't there."""

    def __init__(self, *, sys: Path = Path("/sys"), proc: Path = Path("/proc")) -> None:
        self._sys = sys
        self._proc = proc

    def is_wireless(self, interface: str, *, index: int) -> bool:
        """Whether the driver is one of Wi-Fi.

        In another network namespace than the one that /sys was mounted in, the same name is
        another interface's: then the index differs, and nothing is known.
        """
        folder = self._sys / "class" / "net" / interface
        if _text(folder / "ifindex").strip() != str(index):
            return False
        return (
            any((folder / name).exists() for name in _WIRELESS)
            or _WIRELESS_UEVENT in _text(folder / "uevent").splitlines()
        )

    def forwards(self, interface: str) -> tuple[str, ...]:
        """Name the IP versions that the host routes from this interface to others."""
        conf = self._proc / "sys" / "net"
        return tuple(
            family
            for family in _FAMILIES
            if _text(conf / family / "conf" / interface / "forwarding").strip() not in ("", "0")
        )

    def hypervisor(self) -> Hypervisor | None:
        """Say whose virtual machine this is; None if it is none, or if that can't be proved."""
        table = self._sys / "class" / "dmi" / "id"
        maker = f"{_text(table / 'sys_vendor')} {_text(table / 'product_name')}"
        named = " ".join(maker.lower().split())
        return next((found for part, found in _VENDORS if part in named), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
