"""Names by multicast DNS: a real avahi that answers for one, and a question for it."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from namespaces import Namespace
from programs import Program
from traffic import udp_socket

__all__ = ["avahi", "mdns_addresses"]

_GROUP: Final = ("224.0.0.251", 5_353)
_START_LIMIT: Final = 15.0
_ANSWER_LIMIT: Final = 1.0


@contextmanager
def avahi(
    daemon: str, machine: Namespace, *, name: str, interface: str, folder: Path
) -> Iterator[Program]:
    """Answer for NAME.local on an interface while the block runs; `daemon` is avahi's path."""
    settings = folder / f"avahi-{name}.conf"
    settings.write_text(
        f"[server]\nhost-name={name}\nenable-dbus=no\nuse-ipv6=no\nallow-interfaces={interface}\n"
    )
    # A /run of its own: another avahi of this computer has its process id there.
    alone = 'mount -t tmpfs tmpfs /run && exec "$@"'
    with machine.start(
        *("sh", "-c", alone, "sh", daemon),
        *("-f", settings, "--no-drop-root", "--no-chroot", "--no-rlimits"),
        log=folder / f"avahi-{name}.log",
    ) as program:
        program.wait_for_text("Server startup complete", limit=_START_LIMIT)
        yield program


def mdns_addresses(machine: Namespace, name: str) -> set[str]:
    """Ask once on a machine for a name's IPv4 addresses (RFC 6762 section 5.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack("!6H", 1, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)
    with udp_socket(machine) as asking:
        asking.settimeout(_ANSWER_LIMIT)
        asking.sendto(question, _GROUP)
        try:
            answer = asking.recv(1_500)
        except TimeoutError:
            return set()
    return {str(IPv4Address(data)) for data in _address_records(answer, len(question))}


def _address_records(answer: bytes, at: int) -> Iterator[bytes]:
    """Yield the data of A records that follow the question; names in them are pointers."""
    record = struct.Struct("!HHHIH")
    for _ in range(int.from_bytes(answer[6:8])):
        _, kind, _, _, length = record.unpack_from(answer, at)
        at += record.size + length
        if kind == 1:
            yield answer[at - length : at]
