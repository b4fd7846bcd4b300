"""The connections of one session: which one is in use, and how the next one is found.

At most two conversations with the relay are alive: the *current* one is in the room and carries the
frames, a *candidate* is on its way in.

    search --- handshake ---> candidate --- welcome ---> current --- lost ---> search
                                                            |
                                                            +--- in doubt ---> search beside it

The candidate's hello has the resume token of the last welcome, so the relay puts it in the old
session's place at once; its welcome makes it the current one, and the old connection is closed.
Until it says hello, a sign of life of the old one calls the search off. After that there is no way
back: the relay may have replaced the old session already.

A standby gateway's candidate may be told to wait. It has been let in then, as with a welcome: the
old session, if there is one, has lost its place, and what fails from now on is tried again.
"""

from collections.abc import Callable
from typing import Final

from lanparty_client_core.attempt import Attempt, RelayTarget
from lanparty_client_core.doubt import SILENCE, Doubt
from lanparty_client_core.events import SessionEnded, SessionState
from lanparty_client_core.persistence import Persistence
from lanparty_client_core.search import Search
from lanparty_ctrl import Hello
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import (
    Address,
    Connected,
    ConnectionClosed,
    ConnectionKey,
    Endpoint,
    EndpointEvent,
    PathRefused,
)

__all__ = ["Connections"]

_IS_ANSWERED: Final = 0.5
"""Seconds for which a hello may wait for its acknowledgement before it is worth another dial."""

_OWN_ECHO: Final = 15.0
"""Seconds after a hello within which `replaced` on the connection before it is that hello's doing,
even if its own connection has failed since."""

_CANDIDATE_SILENCE: Final = 2 * SILENCE
"""Seconds after which a candidate whose hello isn't acknowledged is given up for another dial."""

_ARE_YOU_THERE: Final = 0
"""Nonce of a ping whose acknowledgement is answer enough."""

_BEARS_NO_GRUDGE: Final = frozenset(
    {
        SessionEnd.LEFT,
        SessionEnd.SHUTDOWN,
        SessionEnd.IDLE,
        SessionEnd.CONNECTION_LOST,
        SessionEnd.REPLACED,
    }
)
"""What a relay says that has nothing against this endpoint: it may come back soon."""


class Connections:
    """Dials, promotes, doubts and gives up. Its owner drives it and carries the frames.

    After each verb that takes `now` the owner looks whether `current` is another one. Once `over`,
    nothing happens any more but the last words.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        target: RelayTarget,
        *,
        persistence: Persistence,
        random: Callable[[], float],
        ask_addresses: Callable[[], object],
        next_hello: Callable[[], Hello],
    ) -> None:
        """`next_hello` returns what a connection begins with; the rest is `LastingSession`'s."""
        self._persistence = persistence
        self._next_hello = next_hello
        self._search = Search(endpoint, target, random=random, ask_addresses=ask_addresses)
        self._doubt = Doubt()
        self._greeted_at = float("-inf")
        """When the last hello was said beside, or after, the current connection."""
        self._was_let_in = False
        self._waiting: Attempt | None = None
        self.candidate: Attempt | None = None
        """The conversation on its way into the room."""
        self.current: Attempt | None = None
        """The conversation in the room; None during an outage."""
        self.over: tuple[SessionState, SessionEnded] | None = None
        """How and why it is over for good."""

    @property
    def waiting(self) -> Attempt | None:
        """The candidate, if the relay has told it to wait for its place."""
        return self._waiting

    @property
    def in_doubt(self) -> bool:
        """The current connection may carry nothing any more."""
        return self._doubt.exists

    @property
    def in_deep_doubt(self) -> bool:
        """It has been in doubt for so long that the relay is probably out of reach."""
        return self._doubt.is_deep

    @property
    def failure(self) -> SessionEnded | None:
        """Why the last dial, or the last connection, failed; None once it is all right."""
        return self._search.failure

    @property
    def tries(self) -> int:
        """How often it has dialed since the last welcome."""
        return self._search.tries

    @property
    def next_try(self) -> float | None:
        """When it dials again; None while a dial runs, or none is needed."""
        return self._search.next_try

    # What its owner decides

    def connect(self, *, now: float) -> None:
        """Dial."""
        self._search.dial_at_once(persistent=self._lasts, now=now)

    def network_changed(self, *, now: float) -> None:
        """Dial at once: this machine has another link or route."""
        if self.over is not None:
            return
        self._search.hope()
        if self.candidate is not None:
            silent_since = self.candidate.unacknowledged_since
            if silent_since is None or now - silent_since < _IS_ANSWERED:
                # It is being answered; what has changed doesn't concern it. If it does, and the
                # candidate only waits, a ping finds out.
                if self.candidate is self._waiting:
                    self.candidate.conversation.ping(_ARE_YOU_THERE)
                return
            self.candidate.abandon()
            self.candidate = self._waiting = None
        if self.current is None:
            self._search.dial_at_once(persistent=self._lasts, now=now)
        elif self._lasts:
            self._doubt.handle_change(now=now)

    def add_addresses(self, addresses: tuple[Address, ...], *, now: float) -> None:
        """Take what the relay's name resolves to now."""
        self._search.add_addresses(addresses, now=now)

    def finish(self, ended: SessionEnded, state: SessionState) -> None:
        """Be over, and say why at the next `speak`."""
        if self.over is not None:
            return
        self.over = (state, ended)
        self._search.stop()
        for attempt in (self.candidate, self.current):
            if attempt is not None:
                attempt.conversation.disconnect(ended.code, ended.text)

    # What happens

    def handle_event(self, event: EndpointEvent, *, now: float) -> None:
        """Take what the endpoint reports; events of connections that were given up are ignored."""
        if self.over is not None:
            return
        if self._search.owns(event.connection):
            self._handle_dial(event, now=now)
            return
        attempt = self._attempt(event.connection)
        if attempt is None:
            return
        if not isinstance(event, PathRefused):
            attempt.handle_event(event, now=now)
            self._look_at(attempt, now=now)
        elif attempt is self.current and self._lasts:
            self._doubt.handle_refusal(now=now)

    def handle_frames(self, *, now: float) -> None:
        """Take note that frames came by the current connection."""
        self._doubt.handle_frames(now=now)

    def handle_timers(self, *, now: float) -> None:
        """Do what time has made due."""
        if self.over is not None:
            return
        if self.candidate is not None:
            self._look_after_candidate(self.candidate, now=now)
        if self.current is not None and self._lasts:
            self._look_after_current(self.current, now=now)
        self._search.handle_timer(now=now)
        self._check_search()

    def speak(self) -> None:
        """Hand to the connections what there is to say."""
        for attempt in (self.candidate, self.current):
            if attempt is not None:
                attempt.speak()

    def next_deadline(self) -> float | None:
        """When `handle_timers` or `speak` has something to do."""
        if self.over is not None:
            attempts = (self.candidate, self.current)
            waits = any(attempt is not None and attempt.has_last_words for attempt in attempts)
            return float("-inf") if waits else None
        deadlines = [self._search.next_deadline()]
        if self.candidate is not None:
            deadlines.append(self.candidate.conversation.next_deadline())
            deadlines.append(self._gives_up_candidate_at(self.candidate))
        if self.current is not None:
            deadlines.append(self.current.conversation.next_deadline())
            if self._lasts:
                deadlines.append(self._doubt.next_deadline(self.current.unacknowledged_since))
        return min((moment for moment in deadlines if moment is not None), default=None)

    # Below: dials

    @property
    def _lasts(self) -> bool:
        """A connection that fails may be followed by another."""
        if self._persistence is Persistence.ONE_TRY:
            return False
        return self._was_let_in or self._persistence is Persistence.ALWAYS

    def _attempt(self, connection: ConnectionKey) -> Attempt | None:
        for attempt in (self.candidate, self.current):
            if attempt is not None and attempt.connection == connection:
                return attempt
        return None

    def _handle_dial(self, event: EndpointEvent, *, now: float) -> None:
        match event:
            case Connected() if self.current is not None and not self._doubt.exists:
                self._search.call_off()  # The old one has given a sign of life just now.
                return
            case Connected(connection=connection):
                self.candidate = self._search.handle_connected(connection)
                self.candidate.greet(self._next_hello(), now=now)
                self._greeted_at = now
                return
            case PathRefused(connection=connection):
                self._search.handle_refused(connection, now=now)
            case ConnectionClosed(connection=connection, end=end, text=text, by_peer=by_peer):
                ended = SessionEnded(code=end, text=text, by_relay=by_peer)
                self._search.handle_failed(connection, ended, now=now)
        self._check_search()

    def _check_search(self) -> None:
        failure = self._search.failure
        if not self._search.is_active:
            return
        # While the old session stands, what another dial meets ends that dial alone.
        if self.current is None and self._search.nobody_may_answer and failure is not None:
            self._give_up_if_final(failure, SessionState.DISCONNECTED, proven=False)

    def _look_further(self, ended: SessionEnded, *, now: float) -> None:
        self._search.failure = ended
        if ended.retry_after is not None:
            self._search.hold_back(until=now + ended.retry_after)
        if self.current is None or self._doubt.exists:
            turned_away = ended.by_relay and ended.code not in _BEARS_NO_GRUDGE
            self._search.dial_later(answered=turned_away, now=now)

    def _give_up_if_final(
        self, ended: SessionEnded, state: SessionState, *, proven: bool = True
    ) -> bool:
        final = self._persistence.gives_up(ended, was_welcome=self._was_let_in, proven=proven)
        if final:
            self.finish(ended, state)
        return final

    # Below: conversations

    def _look_at(self, attempt: Attempt, *, now: float) -> None:
        if attempt.ended is not None:
            if attempt is self.candidate:
                self._lose_candidate(attempt, attempt.ended, now=now)
            else:
                self._lose_current(attempt, attempt.ended, now=now)
        elif attempt is self.candidate and attempt.conversation.welcome is not None:
            if attempt.carries_frames:
                self._promote(attempt, now=now)
            else:
                attempt.conversation.disconnect(SessionEnd.PROTOCOL_ERROR, "a datagram budget")
                self._look_at(attempt, now=now)
                return
        elif attempt is self.candidate and attempt.conversation.state is SessionState.WAITING:
            self._let_wait(attempt, now=now)
        pong = attempt.conversation.last_pong
        if attempt is self.current and pong is not None:
            self._doubt.receive_pong(pong, now=now)

    def _promote(self, attempt: Attempt, *, now: float) -> None:
        if self.current is not None:
            self.current.abandon()
        self.current, self.candidate = attempt, None
        self._waiting = None
        self._was_let_in = True
        self._greeted_at = float("-inf")
        self._doubt.clear()
        self._search.handle_welcome(now=now)

    def _let_wait(self, attempt: Attempt, *, now: float) -> None:
        if attempt is self._waiting:
            return
        self._waiting = attempt
        if self.current is not None:
            self.current.abandon()
            self.current = None
            self._doubt.clear()
            self._search.handle_loss(now=now)
        self._was_let_in = True
        self._greeted_at = float("-inf")
        self._search.handle_welcome(now=now)

    def _lose_candidate(self, attempt: Attempt, ended: SessionEnded, *, now: float) -> None:
        attempt.speak()
        self.candidate = None
        if attempt is self._waiting:
            self._waiting = None
            self._search.handle_loss(now=now)
        state = attempt.conversation.state
        if self.current is not None or not self._give_up_if_final(ended, state):
            self._look_further(ended, now=now)

    def _lose_current(self, attempt: Attempt, ended: SessionEnded, *, now: float) -> None:
        attempt.speak()
        self.current = None
        self._doubt.clear()
        self._search.handle_loss(now=now)
        own_doing = ended.code is SessionEnd.REPLACED and now - self._greeted_at < _OWN_ECHO
        if not own_doing and self._give_up_if_final(ended, SessionState.DISCONNECTED):
            return
        if self.candidate is None:
            self._look_further(ended, now=now)

    def _look_after_candidate(self, candidate: Attempt, *, now: float) -> None:
        candidate.conversation.handle_timer(now=now)
        give_up_at = self._gives_up_candidate_at(candidate)
        if give_up_at is not None and now >= give_up_at:
            candidate.conversation.disconnect(SessionEnd.CONNECTION_LOST, "the relay is silent")
        if candidate.ended is not None:
            self._look_at(candidate, now=now)

    def _gives_up_candidate_at(self, candidate: Attempt) -> float | None:
        silent_since = candidate.unacknowledged_since
        if silent_since is None or not self._lasts:
            return None
        return silent_since + (SILENCE if candidate is self._waiting else _CANDIDATE_SILENCE)

    # Below: doubts about the one in use

    def _look_after_current(self, current: Attempt, *, now: float) -> None:
        if self._doubt.look(current.unacknowledged_since, now=now) and self.candidate is None:
            self._search.dial_at_once(persistent=True, now=now)
        nonce = self._doubt.question(now=now)
        if nonce is not None:
            current.conversation.ping(nonce)
        if self.candidate is None and not self._doubt.exists:
            self._search.call_off()
