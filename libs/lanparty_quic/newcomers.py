"""What waits to be taken in from those without a finished handshake, apart from everybody else's.

A first packet costs a listener as much as fifty of a member, and its address may be forged. So
these packets have queues of their own and a small share of each turn's work, however many they
are: a flood of them may keep newcomers out, but takes nothing from those who are in.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from lanparty_quic.endpoint import ConnectionKey
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.pool import Pool
from lanparty_quic.sources import Source

__all__ = ["FORGERY_WORK", "FURTHER_WORK", "HANDSHAKE_WORK", "NewcomerQueues"]

HANDSHAKE_WORK: Final = 50
"""Work of a flight of TLS, where refusing a packet or asking for a proof of address counts 1."""

FORGERY_WORK: Final = 10
"""Work of a packet that looks like a first one, and turns out not to be when it is decrypted."""

FURTHER_WORK: Final = 4
"""Work of a packet of a handshake that isn't finished by it."""

_PACKETS_OF_ONE: Final = 64
"""Packets that may wait of one source, or of one handshake."""

KeyT = TypeVar("KeyT", bound=Hashable)
PacketT = TypeVar("PacketT")


class _RoundRobin(Generic[KeyT, PacketT]):
    """A bounded queue that takes one packet of each key in turn, and remembers no key for longer.

    The keys may be addresses that somebody makes up, so nothing is kept of one that has nothing
    waiting.
    """

    def __init__(self, capacity: int) -> None:
        self._pool = Pool(capacity)
        self._by_key: OrderedDict[KeyT, deque[PacketT]] = OrderedDict()

    def __len__(self) -> int:
        return self._pool.used

    def push(self, key: KeyT, packet: PacketT) -> bool:
        packets = self._by_key.get(key)
        held = 0 if packets is None else len(packets)
        if held >= _PACKETS_OF_ONE or not self._pool.admits(held):
            return False
        if packets is None:
            packets = self._by_key[key] = deque()
        packets.append(packet)
        self._pool.used += 1
        return True

    def take(self) -> tuple[KeyT, PacketT] | None:
        if not self._by_key:
            return None
        key = next(iter(self._by_key))
        packets = self._by_key[key]
        packet = packets.popleft()
        self._pool.used -= 1
        if packets:
            self._by_key.move_to_end(key)
        else:
            del self._by_key[key]
        return key, packet

    def forget(self, key: KeyT) -> int:
        dropped = len(self._by_key.pop(key, ()))
        self._pool.used -= dropped
        return dropped


class NewcomerQueues(Generic[PacketT]):
    """Three queues that are served in turn, so that a flood in one doesn't starve the others.

    Handshakes that go on are one, by connection; first packets that claim to have proven their
    address another, and those that don't the third, both by source: a source that sends many
    waits for those that send one.
    """

    def __init__(self, limits: EndpointLimits) -> None:
        capacity = limits.newcomer_packets
        self._work_per_turn: Final = limits.newcomer_work_per_turn
        self._work_left = 0
        self._handshakes: Final[_RoundRobin[ConnectionKey, PacketT]] = _RoundRobin(capacity)
        self._proven: Final[_RoundRobin[Source, PacketT]] = _RoundRobin(capacity)
        self._unproven: Final[_RoundRobin[Source, PacketT]] = _RoundRobin(capacity)
        self._turn = 0

    def __len__(self) -> int:
        """Count the packets that wait."""
        return len(self._handshakes) + len(self._proven) + len(self._unproven)

    def push_first(self, source: Source, packet: PacketT, *, claims_proof: bool) -> bool:
        """Add a packet of no connection; False, and nothing added, when there is no room."""
        return (self._proven if claims_proof else self._unproven).push(source, packet)

    def push_further(self, connection: ConnectionKey, packet: PacketT) -> bool:
        """Add a packet of an unfinished handshake; False, and nothing added, without room."""
        return self._handshakes.push(connection, packet)

    def begin_turn(self) -> None:
        """Allow the work of a turn."""
        self._work_left = self._work_per_turn

    def charge(self, work: int) -> None:
        """Count what the packet that was taken last has caused."""
        self._work_left -= work

    def take(self) -> tuple[ConnectionKey | None, PacketT] | None:
        """Take the next packet, with no key if it is a first one; None if this turn's work is done.

        `charge` follows each, or the turn would have no end.
        """
        if self._work_left <= 0:
            return None
        for _ in range(3):
            self._turn = (self._turn + 1) % 3
            if self._turn == 0:
                further = self._handshakes.take()
                if further is not None:
                    return further
            else:
                first = (self._proven if self._turn == 1 else self._unproven).take()
                if first is not None:
                    return None, first[1]
        return None

    def forget(self, connection: ConnectionKey) -> int:
        """Drop what waits from a connection that is gone; return how many packets that were."""
        return self._handshakes.forget(connection)
