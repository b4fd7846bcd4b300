"""An endpoint's place in a room, on disk: its MAC, and the right to come back, under a lock."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lanparty_command import RelayAddress
from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint.resume import ResumeRecord, ResumeSlot, ResumeStore
from lanparty_proto import MacAddress

__all__ = ["Place", "new_mac"]

_OWN_PREFIX: Final = b"\x02\x5c"
"""Locally administered, unicast (IEEE Std 802-2014 clause 8.4)."""


def new_mac(random_bytes: Callable[[int], bytes]) -> MacAddress:
    """Make a MAC of softlan's own; `random_bytes(n)` returns n unpredictable bytes."""
    return MacAddress(_OWN_PREFIX + random_bytes(4))


class Place:
    """One place, claimed as soon as the room is known; `close` lets go of it.

    What is remembered outlives it: the MAC for ever, so that friends and leases know this endpoint
    again, the token until a polite leave.
    """

    def __init__(self, directory: Path, relay: RelayAddress, *, player: str = "") -> None:
        """`player` tells several endpoints of one machine in one room apart."""
        self._store = ResumeStore(directory)
        self._relay = relay
        self._player = player
        self._slot: ResumeSlot | None = None

    def claim(self, room: RoomCode) -> None:
        """Lock the place in a room; nothing happens if it is claimed already.

        Raises `AlreadyJoinedError`, `ResumeStoreError`.
        """
        if self._slot is None:
            self._slot = self._store.claim(str(self._relay), room, place=self._player)

    def require_usable(self) -> None:
        """Find out before the dial whether a new room's place can be remembered.

        Raises `ResumeStoreError`.
        """
        self._store.require_usable()

    def token(self) -> str | None:
        """Return the resume token, if the place was not left."""
        record = self._record()
        return None if record is None else record.token

    def mac(self, random_bytes: Callable[[int], bytes]) -> MacAddress:
        """Return the MAC of the last time in this room, or a new one."""
        record = self._record()
        if record is not None and record.mac is not None:
            with contextlib.suppress(ValueError):
                return MacAddress.parse(record.mac).require_identity(allow_universal=True)
        return new_mac(random_bytes)

    def remember(self, welcome: Welcome, mac: MacAddress | None) -> None:
        """Save what it takes to come back; claims the place of a room that is new."""
        self.claim(welcome.room_code)
        assert self._slot is not None
        record = ResumeRecord(token=welcome.resume_token, mac=None if mac is None else str(mac))
        self._slot.save(record)

    def forget(self) -> None:
        """Give up the place: it was left, or lost for good."""
        if self._slot is not None:
            self._slot.forget_token()

    def close(self) -> None:
        """Release the lock."""
        if self._slot is not None:
            self._slot.close()

    def _record(self) -> ResumeRecord | None:
        return None if self._slot is None else self._slot.load()
