"""The search for a connection to the relay: races through its addresses, with pauses in between.

Each *wave* asks for the name's addresses again and runs one race through those that are known. A
dial that isn't answered goes on while the next wave begins: a packet of its handshake may wait
for seconds after the way is free again, a new dial doesn't. The first connection whose handshake
completes, with the relay's identity checked, ends the search; the others are abandoned.
"""

from collections.abc import Callable
from typing import Final

from lanparty_client_core.attempt import Attempt, RelayTarget
from lanparty_client_core.backoff import Backoff
from lanparty_client_core.events import SessionEnded
from lanparty_client_core.racing import Race
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import Address, ConnectionKey, Endpoint

__all__ = ["ANSWERED_PAUSE", "Search"]

ANSWERED_PAUSE: Final = 5.0
"""Least pause, in seconds, after a relay that answers didn't let this endpoint in; spread."""

_REDIAL_AFTER: Final = 2.0
"""Seconds after which a wave that nobody answers is followed by the next; spread."""

_LEAST_GAP: Final = 0.2
"""Seconds between the beginnings of two waves: one change of a network is many events."""

_DIALS_LIMIT: Final = 12
"""Unanswered dials at once; the oldest goes. A lone address keeps its ten seconds."""


class Search:
    """Dials until somebody answers. Made once for a session; driven through `handle_timer`."""

    def __init__(
        self,
        endpoint: Endpoint,
        target: RelayTarget,
        *,
        random: Callable[[], float],
        ask_addresses: Callable[[], object],
    ) -> None:
        """`ask_addresses` is called at each wave; `add_addresses` may answer it at any time."""
        self._endpoint = endpoint
        self._target = target
        self._ask_addresses = ask_addresses
        self._addresses = target.addresses
        self._random = random
        self._backoff = Backoff(random)
        self._race = Race()
        self._dials: dict[ConnectionKey, Attempt] = {}
        self._next_wave: float | None = None
        self._not_before = float("-inf")
        self._wave_at = float("-inf")
        self._pause = 0.0
        self._nobody_failed_yet = True
        self._persistent = False
        self._active = False
        self.tries = 0
        """Waves since the last welcome."""
        self.failure: SessionEnded | None = None
        """Why the last dial that failed did; None while none has."""

    @property
    def is_active(self) -> bool:
        """It dials, or waits to."""
        return self._active

    @property
    def nobody_may_answer(self) -> bool:
        """Every address of this wave has failed, or seems to have."""
        return self._race.is_over and all(dial.refused for dial in self._dials.values())

    @property
    def next_try(self) -> float | None:
        """When the next wave begins; None while one runs that may still succeed."""
        return self._next_wave if self.nobody_may_answer else None

    def owns(self, connection: ConnectionKey) -> bool:
        """Tell whether it has dialed this connection, and hasn't given it away."""
        return connection in self._dials

    # What its owner decides.

    def dial_at_once(self, *, persistent: bool, now: float) -> None:
        """Begin a wave now, unless one began just now, or when the relay's `retry_after` is over.

        With `persistent` more waves follow until `stop`.
        """
        self._active = True
        self._persistent = persistent
        self._next_wave = max(now, self._wave_at + _LEAST_GAP, self._not_before)
        self.handle_timer(now=now)

    def dial_later(self, *, answered: bool, now: float) -> None:
        """Begin waves after a pause, a longer one if the relay has `answered` and said no.

        A search that runs already goes on as it is.
        """
        if self._active and self._persistent:
            return
        self._active = self._persistent = True
        pause = self._backoff.next_pause(now=now)
        if answered:
            pause = max(pause, self._spread(ANSWERED_PAUSE))
        self._next_wave = max(now + pause, self._not_before)

    def hold_back(self, *, until: float) -> None:
        """Dial nobody before that moment: the relay asked for it."""
        self._not_before = until
        if self._next_wave is not None:
            self._next_wave = max(self._next_wave, until)

    def hope(self) -> None:
        """Begin with the shortest pauses again: something has changed."""
        self._backoff.reset()

    def stop(self) -> None:
        """Abandon every dial."""
        for attempt in self._dials.values():
            attempt.abandon()
        self._dials.clear()
        self._race.end()
        self._next_wave = None
        self._active = False

    def call_off(self) -> None:
        """Stop, because the connection in use has given a sign of life. Nothing if it is over."""
        if self._active:
            self.stop()
            self.tries = 0
            self.failure = None

    def handle_welcome(self, *, now: float) -> None:
        """Take note that the search has led into the room."""
        self.tries = 0
        self.failure = None
        self._not_before = float("-inf")
        self._backoff.handle_welcome(now=now)

    def handle_loss(self, *, now: float) -> None:
        """Take note that the connection in the room is lost."""
        self._backoff.handle_loss(now=now)

    # What happens.

    def add_addresses(self, addresses: tuple[Address, ...], *, now: float) -> None:
        """Take what the name resolves to now; new ones join the race that runs."""
        if not addresses:
            return
        self._addresses = addresses
        if self._active and self.tries and now >= self._not_before:
            self._race.add(addresses, now=now)

    def handle_connected(self, connection: ConnectionKey) -> Attempt:
        """Give the winner away; the search is over until its owner begins it again."""
        winner = self._dials.pop(connection)
        self.stop()
        return winner

    def handle_failed(self, connection: ConnectionKey, ended: SessionEnded, *, now: float) -> None:
        """Take note that a dial has failed."""
        del self._dials[connection]
        # Of one wave's failures the one that says most is kept: somebody answered, wrongly.
        unreachable = ended.code is SessionEnd.RELAY_UNREACHABLE
        if not unreachable or self._nobody_failed_yet:
            self.failure = ended
            self._nobody_failed_yet = False
        self._move_on(answered=not unreachable, now=now)

    def handle_refused(self, connection: ConnectionKey, *, now: float) -> None:
        """Take note that nobody seems to listen at a dialed address.

        The dial goes on, because it may be a lie, but nothing waits for it.
        """
        dial = self._dials[connection]
        if dial.refused:
            return
        dial.refused = True
        if self._nobody_failed_yet:
            self.failure = SessionEnded(code=SessionEnd.RELAY_UNREACHABLE, text="refused")
            self._nobody_failed_yet = False
        self._move_on(answered=False, now=now)

    def handle_timer(self, *, now: float) -> None:
        """Begin the wave and dial the address that is due."""
        if self._next_wave is not None and now >= self._next_wave:
            self._begin_wave(now)
        address = self._race.take(now=now)
        if address is None:
            return
        if len(self._dials) >= _DIALS_LIMIT:
            self._dials.pop(next(iter(self._dials))).abandon()
        attempt = Attempt(self._endpoint, address, target=self._target, now=now)
        self._dials[attempt.connection] = attempt

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        deadlines = (self._next_wave, self._race.next_deadline())
        return min((moment for moment in deadlines if moment is not None), default=None)

    # Below: waves.

    def _begin_wave(self, now: float) -> None:
        self.tries += 1
        self._wave_at = now
        self._nobody_failed_yet = True
        self._ask_addresses()
        self._race.begin(self._addresses, now=now)
        if not self._addresses:
            self.failure = SessionEnded(code=SessionEnd.RELAY_UNREACHABLE, text="no address")
        self._next_wave = None
        if self._persistent:
            self._pause = self._backoff.next_pause(now=now)
            self._next_wave = now + max(self._spread(_REDIAL_AFTER), self._pause)

    def _spread(self, seconds: float) -> float:
        """Draw from the last quarter of a pause: a whole room has lost the relay in one moment."""
        return seconds * (0.75 + self._random() / 4)

    def _move_on(self, *, answered: bool, now: float) -> None:
        self._race.handle_failure(now=now)
        if self.nobody_may_answer and self._persistent and self._next_wave is not None:
            if answered:
                self._next_wave = now + max(self._pause, self._spread(ANSWERED_PAUSE))
            else:
                self._next_wave = min(self._next_wave, now + self._pause)
            self._next_wave = max(self._next_wave, self._not_before)
