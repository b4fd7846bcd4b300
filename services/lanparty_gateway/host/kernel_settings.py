"""The kernel's settings of one interface under /proc/sys/net (ip-sysctl.rst): a shell."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

__all__ = [
    "bridge_is_filtered",
    "read_settings",
    "trusting_addresses",
    "without_own_addresses",
    "write_settings",
]

_ROOT: Final = Path("/proc/sys/net")

_KEPT: Final = (
    *(
        f"ipv4/conf/{{}}/{name}"
        for name in (
            "accept_local",
            "accept_redirects",
            "accept_source_route",
            "arp_announce",
            "arp_filter",
            "arp_ignore",
            "forwarding",
            "promote_secondaries",
            "proxy_arp",
            "rp_filter",
            "send_redirects",
            "src_valid_mark",
        )
    ),
    *(
        f"ipv6/conf/{{}}/{name}"
        for name in (
            "forwarding",  # before the others: writing it changes accept_ra's meaning
            "accept_ra",
            "accept_ra_defrtr",
            "accept_ra_pinfo",
            "accept_ra_rtr_pref",
            "accept_redirects",
            "autoconf",
            "disable_ipv6",
            "use_tempaddr",
            "addr_gen_mode",
        )
    ),
)
"""What decides how a machine behaves at an interface, and so goes with its addresses."""

_DISABLE_IPV6: Final = "ipv6/conf/{}/disable_ipv6"
_DUPLICATE_CHECK: Final = "ipv6/conf/{}/accept_dad"


def read_settings(interface: str) -> dict[str, str]:
    """Read those that this kernel has; a key has {} in the place of the interface's name."""
    found = {}
    for key in _KEPT:
        with contextlib.suppress(OSError):
            found[key] = _path(key, interface).read_text().strip()
    return found


def write_settings(interface: str, settings: Mapping[str, str]) -> None:
    """Write what differs. Raises OSError if the kernel refuses, or lets nobody write here."""
    for key, value in settings.items():
        path = _path(key, interface)
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)


def without_own_addresses(interface: str) -> None:
    """Take the interface all its IPv6 addresses, and have it make none. Raises OSError."""
    write_settings(interface, {_DISABLE_IPV6: "1"})


@contextlib.contextmanager
def trusting_addresses(interface: str) -> Iterator[None]:
    """Skip duplicate address detection meanwhile: the addresses have been this machine's before."""
    path = _path(_DUPLICATE_CHECK, interface)
    try:
        before = path.read_text()
    except OSError:  # no IPv6 here
        yield
        return
    with contextlib.suppress(OSError):
        path.write_text("0")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.write_text(before)


def bridge_is_filtered() -> bool:
    """Whether the firewall for routing judges what crosses a bridge (br_netfilter is loaded)."""
    try:
        return (_ROOT / "bridge/bridge-nf-call-iptables").read_text().strip() == "1"
    except OSError:
        return False


def _path(key: str, interface: str) -> Path:
    return _ROOT / key.format(interface)
