"""A real DHCP server, dnsmasq, on one interface of a namespace."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from namespaces import Namespace
from programs import Program, wait_until

__all__ = ["dhcp_server"]

_START_LIMIT: Final = 15.0


@contextmanager
def dhcp_server(
    dnsmasq: str,
    machine: Namespace,
    *,
    interface: str,
    first: str,
    last: str,
    folder: Path,
    options: tuple[str, ...] = (),
) -> Iterator[Program]:
    """Serve addresses of a /24, `first` to `last`; it listens when the block is entered.

    `dnsmasq` is the program's path, `options` more of its own. Its log and its leases go into
    `folder`.
    """
    leases = folder / "dnsmasq.leases"
    leases.touch()
    with machine.start(
        *(dnsmasq, "--keep-in-foreground", "--log-facility=-", "--log-dhcp", "--port=0"),
        *("--conf-file=/dev/null", "--user=root", "--pid-file=", f"--interface={interface}"),
        *("--bind-interfaces", "--no-ping", "--dhcp-authoritative"),
        *(f"--dhcp-range={first},{last},255.255.255.0,10m", f"--dhcp-leasefile={leases}"),
        *options,
        log=folder / "dnsmasq.log",
    ) as server:
        wait_until(
            lambda: "sockets bound" in server.text + server.error_text,
            "dnsmasq listens",
            limit=_START_LIMIT,
        )
        yield server
