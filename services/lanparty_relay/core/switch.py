"""Forwarding rules 1 to 5: which members get a copy of a datagram, and what is counted for it.

Every received datagram adds one to exactly one slot of its ingress: a `Cast` under which it was
forwarded or the reason of the first rule that dropped it. Every chosen copy adds one to `CHOSEN`
and `QUEUED` of its destination, and leaves as a `Send`; its outcome comes later (`egress`).
Rule 6 is the endpoint's queue; it also cuts for a destination whose way carries less (`cutting`).
The rules' text: docs/protocol.md, "Forwarding".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from lanparty_obs.counters import (
    CHOSEN,
    DROPPED_INGRESS,
    FORWARDED,
    QUEUED,
    RECEIVED,
    RECEIVED_BYTES,
)
from lanparty_obs.reasons import Cast, IngressDrop
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    ETHERNET_HEADER_LENGTH,
    FRAGMENT_HEADER_LENGTH,
    HEADER_LENGTH,
    SERVICE_TAG,
    TAGGED_HEADER_LENGTH,
    ProtoError,
    decode,
    encode_whole,
    ethernet_header_length,
    stamp,
)
from lanparty_quic.endpoint import Send
from lanparty_relay.core.blocks import CounterBlocks
from lanparty_relay.core.frame_log import FrameLogs
from lanparty_relay.core.guards import Guard
from lanparty_relay.core.members import Member
from lanparty_relay.core.rooms import Room

__all__ = ["Switch"]

# A slot for each verdict, as plain numbers: the loop adds one to exactly one of them.
_MALFORMED: Final = DROPPED_INGRESS[IngressDrop.MALFORMED]
_RUNT: Final = DROPPED_INGRESS[IngressDrop.RUNT]
_OVERSIZE: Final = DROPPED_INGRESS[IngressDrop.OVERSIZE]
_RESERVED: Final = DROPPED_INGRESS[IngressDrop.RESERVED_DESTINATION]
_MAC_SPOOF: Final = DROPPED_INGRESS[IngressDrop.MAC_SPOOF]
_LOOP: Final = DROPPED_INGRESS[IngressDrop.LOOP]
_GUARD: Final = DROPPED_INGRESS[IngressDrop.GUARD]
_NOWHERE: Final = DROPPED_INGRESS[IngressDrop.UNKNOWN_UNICAST]
_BACK: Final = DROPPED_INGRESS[IngressDrop.BACK_TO_INGRESS]
_NO_DESTINATION: Final = DROPPED_INGRESS[IngressDrop.NO_DESTINATION]
_UNICAST: Final = FORWARDED[Cast.UNICAST]
_UNKNOWN_UNICAST: Final = FORWARDED[Cast.UNKNOWN_UNICAST]
_MULTICAST: Final = FORWARDED[Cast.MULTICAST]
_BROADCAST: Final = FORWARDED[Cast.BROADCAST]

_REASONS: Final[Mapping[int, Cast | IngressDrop]] = {
    slot: reason for slots in (FORWARDED, DROPPED_INGRESS) for reason, slot in slots.items()
}
"""What a verdict's slot stands for."""

_Verdict: TypeAlias = tuple[int, Sequence[Member]]
"""The ingress's slot to count in, and who gets a copy: nobody if the slot is a reason to drop."""


_NOBODY: Final[Sequence[Member]] = ()

_WHOLE: Final = encode_whole(bytes(ETHERNET_HEADER_LENGTH))[:2]
"""How a whole frame's datagram begins: this version, no flag."""

_RESERVED_DESTINATIONS: Final = frozenset(
    bytes.fromhex("0180c20000") + bytes([last]) for last in range(16)
)
_ZERO_MAC: Final = bytes(6)
_TAG_TYPES: Final = frozenset(kind.to_bytes(2) for kind in (CUSTOMER_TAG, SERVICE_TAG))


class Switch:
    """Forwards within rooms. Keeps nothing itself: a room's state is the room's."""

    def __init__(self, blocks: CounterBlocks, guard: Guard, frame_logs: FrameLogs) -> None:
        self._slots: Final = blocks.slots
        self._guard: Final = guard
        self._frame_logs: Final = frame_logs

    def forward(self, ingress: Member, datagrams: Iterable[bytes], *, now: float) -> list[Send]:
        """Judge what one member sent, count it, and return the copies to queue.

        Each returned copy has been counted as queued: it needs an outcome.
        """
        slots = self._slots
        first = ingress.first_slot
        flow = ingress.peer_id
        sends: list[Send] = []
        is_logged = self._frame_logs.watches(ingress.room.room_id)
        judge = self._judge_and_log if is_logged else self._judge
        for datagram in datagrams:
            slots[first + RECEIVED] += 1
            slots[first + RECEIVED_BYTES] += len(datagram)
            verdict, destinations = judge(ingress, datagram, now)
            slots[first + verdict] += 1
            if not destinations:
                continue
            payload = stamp(flow, datagram)  # once: all copies share it
            for member in destinations:
                at = member.first_slot
                slots[at + CHOSEN] += 1
                slots[at + QUEUED] += 1
                sends.append((member.connection, flow, payload))
        return sends

    def _judge(self, ingress: Member, datagram: bytes, now: float) -> _Verdict:
        """Apply rules 1 to 5 in order."""
        room = ingress.room
        if datagram[:2] == _WHOLE:
            start = HEADER_LENGTH
            fault = _fault_of_whole(datagram, room.mtu)
        else:
            start = HEADER_LENGTH + FRAGMENT_HEADER_LENGTH
            fault = _fault_of_fragment(datagram, room.mtu)
        if fault:
            return fault, _NOBODY
        destination = datagram[start : start + 6]
        if destination in _RESERVED_DESTINATIONS:
            return _RESERVED, _NOBODY
        source = datagram[start + 6 : start + 12]
        if ingress.mac is not None:
            if source != ingress.mac:
                return _MAC_SPOOF, _NOBODY
        elif fault := _fault_of_gateway_source(room, source, now):
            return fault, _NOBODY
        cast, verdict, destinations = _choose(ingress, destination, now)
        if not self._guard.passes(ingress, cast, datagram, start, now=now):
            return _GUARD, _NOBODY
        return verdict, destinations

    def _judge_and_log(self, ingress: Member, datagram: bytes, now: float) -> _Verdict:
        verdict, destinations = self._judge(ingress, datagram, now)
        reason = _REASONS[verdict]
        self._frame_logs.note(ingress, datagram, reason, destinations, now=now)
        return verdict, destinations


def _fault_of_whole(datagram: bytes, mtu: int) -> int:
    """Rule 1 for a whole frame: the slot of its fault, 0 if it has none."""
    length = len(datagram) - HEADER_LENGTH
    if TAGGED_HEADER_LENGTH <= length <= ETHERNET_HEADER_LENGTH + mtu:
        return 0
    if length < ETHERNET_HEADER_LENGTH:
        return _RUNT if length >= 0 else _MALFORMED
    is_tagged = datagram[HEADER_LENGTH + 12 : HEADER_LENGTH + 14] in _TAG_TYPES
    if length < TAGGED_HEADER_LENGTH:
        return _RUNT if is_tagged else 0  # a tag announced, and not whole
    return 0 if is_tagged and length <= TAGGED_HEADER_LENGTH + mtu else _OVERSIZE


def _fault_of_fragment(datagram: bytes, mtu: int) -> int:
    """Rule 1 for everything else: what is no fragment of an endpoint is malformed."""
    try:
        overlay = decode(datagram)
        if overlay.flags:  # only the relay cuts as the relay
            return _MALFORMED
        piece = len(overlay.frame) - ethernet_header_length(overlay.frame)
    except ProtoError:
        return _MALFORMED
    return _OVERSIZE if overlay.offset + piece > mtu else 0


def _fault_of_gateway_source(room: Room, source: bytes, now: float) -> int:
    """Rule 3 for the gateway: learn a source that is none of a client's; 0 if it is fine."""
    if source[0] & 1 or source == _ZERO_MAC:
        return _MAC_SPOOF
    if source in room.clients_by_mac:
        return _LOOP
    room.learned.learn(source, now=now)
    return 0


def _choose(ingress: Member, destination: bytes, now: float) -> tuple[Cast, int, Sequence[Member]]:
    """Rule 5: the cast that guards judge by, then the slot and the destinations if they pass."""
    room = ingress.room
    if destination[0] & 1:
        others = room.others(ingress)
        if destination == BROADCAST:
            return Cast.BROADCAST, _BROADCAST if others else _NO_DESTINATION, others
        return Cast.MULTICAST, _MULTICAST if others else _NO_DESTINATION, others
    member = room.clients_by_mac.get(destination)
    if member is None and room.learned.knows(destination, now=now):
        member = room.gateway
    if member is not None:
        if member is ingress:
            return Cast.UNICAST, _BACK, _NOBODY
        return Cast.UNICAST, _UNICAST, (member,)
    gateway = room.gateway
    if gateway is None or gateway is ingress:
        return Cast.UNKNOWN_UNICAST, _NOWHERE, _NOBODY
    return Cast.UNKNOWN_UNICAST, _UNKNOWN_UNICAST, (gateway,)
