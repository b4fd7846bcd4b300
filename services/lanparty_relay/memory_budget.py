"""What memory the relay's process may need at most, by its settings, and what it holds now.

Every part is bounded by a number of things and what one of them costs. The costs are measured with
CPython 3.11 and rounded up; what a thing holds beyond is bounded elsewhere and counted there.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from lanparty_quic import EndpointLimits, EndpointStatistics
from lanparty_quic.ingress_queues import RESERVED_ITEMS
from lanparty_relay.core import CONTROL_BYTES_IN_ALL
from lanparty_relay.core.leases import ABSENT_LIMIT

__all__ = ["MemoryPart", "budget_of", "resident_bytes", "used_memory"]


class MemoryPart(StrEnum):
    """What takes memory in the relay's process."""

    BASE = "base"
    """The interpreter and the relay's code."""
    COUNTERS = "counters"
    """Shared with the admin process, and taken at the start."""
    CONNECTIONS = "connections"
    """QUIC connections, with what their peers may send ahead of what was taken."""
    ROOMS = "rooms"
    """Rooms, members and leases."""
    INGRESS = "ingress"
    """Packets that wait to be taken in."""
    EGRESS = "egress"
    """Copies that wait to be sent."""
    IN_FLIGHT = "in_flight"
    """Records of packets that wait for their acknowledgement."""
    CONTROL = "control"
    """Control bytes that peers have not acknowledged, and messages that are not complete."""


_BASE: Final = 64 * 1024 * 1024
_CONNECTION: Final = 70_000
_PLACE: Final = 8_192
"""Of a room, and of a member in it."""
_LEASE: Final = 320
_PACKET: Final = 1_500 + 300
"""Its bytes, its address, its place in a queue."""
_OPENED: Final = 4
"""What one packet has brought takes as much as so many packets at most, until it is handed on:
datagrams of two bytes are objects of forty."""
_RECORD: Final = 400
_SLOT: Final = 8


def budget_of(
    limits: EndpointLimits, *, rooms: int, peers: int, counter_slots: int
) -> dict[MemoryPart, int]:
    """Return the most bytes that each part may take."""
    # Each connection has a second place, for what comes to it from another address.
    reserved = 2 * (RESERVED_ITEMS + _OPENED) * limits.maximum_connections
    packets = limits.ingress_packets_in_all + reserved + 3 * limits.newcomer_packets
    return {
        MemoryPart.BASE: _BASE,
        MemoryPart.COUNTERS: counter_slots * _SLOT,
        MemoryPart.CONNECTIONS: limits.maximum_connections * (_CONNECTION + limits.stream_window),
        MemoryPart.ROOMS: (rooms + peers) * _PLACE + (ABSENT_LIMIT + peers) * _LEASE,
        MemoryPart.INGRESS: packets * _PACKET,
        MemoryPart.EGRESS: limits.queued_bytes_in_all,
        MemoryPart.IN_FLIGHT: limits.packets_in_flight_in_all * _RECORD,
        MemoryPart.CONTROL: CONTROL_BYTES_IN_ALL,
    }


def used_memory(
    budget: Mapping[MemoryPart, int],
    endpoint: EndpointStatistics,
    *,
    places: int,
    leases: int,
    control_bytes: int,
) -> dict[MemoryPart, int]:
    """Return the bytes that each part takes now, by the same costs as the budget's.

    `places` are rooms and members together.
    """
    return {
        MemoryPart.BASE: budget[MemoryPart.BASE],
        MemoryPart.COUNTERS: budget[MemoryPart.COUNTERS],
        MemoryPart.CONNECTIONS: endpoint.connections * _CONNECTION,
        MemoryPart.ROOMS: places * _PLACE + leases * _LEASE,
        MemoryPart.INGRESS: endpoint.holds.packets_waiting * _PACKET,
        MemoryPart.EGRESS: endpoint.holds.bytes_queued,
        MemoryPart.IN_FLIGHT: endpoint.holds.packets_in_flight * _RECORD,
        MemoryPart.CONTROL: control_bytes,
    }


_PAGE: Final = 4096


def resident_bytes() -> int | None:
    """Return what the process has of the machine's memory, in bytes; None where it isn't told."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * _PAGE
