"""Whether the connection in use still carries anything, and the pings that find out.

Three things make it doubtful: what was sent isn't acknowledged for two seconds, the machine's
network has changed, or somebody says that nobody listens at the relay's address. The last may be a
lie: an ICMP message proves nothing (RFC 5927). So doubt ends nothing. It makes the session ask the
old connection for a sign of life, a ping, whose pong ends the doubt, as does any acknowledgement
after silence; and look for another connection beside it. After silence that begins at once. A
suspicion from outside gives the pong a moment's start: most changes of a network harm nothing.

Who only listens sends nothing whose acknowledgement could be missed. So the relay is asked once,
too, when frames have stopped coming.
"""

from typing import Final

__all__ = ["HEAD_START", "QUIET", "SILENCE", "Doubt"]

QUIET: Final = 0.5
"""Seconds after the last frame from the room at which the relay is asked whether it is there."""

SILENCE: Final = 2.0
"""Seconds without an acknowledgement after which another connection is dialed."""

HEAD_START: Final = 0.25
"""Seconds that the old connection has to answer before a suspicion makes another one be dialed."""

_DEEP: Final = 3.0
"""Seconds of doubt after which another connection would have been there if the relay were."""

_OF_QUIET: Final = 0
"""The nonce of the ping after frames; those of doubts count from 1."""

_NEXT_SUSPICION: Final = 2.0
"""Seconds before a suspicion that proved wrong may come back: a flood of lies costs little."""


class Doubt:
    """What there is to fear for one connection. Times in seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._nonce = 0
        self._asked = False
        self._by_silence = False
        self._search_at: float | None = None
        self._ask_at: float | None = None
        self._not_before = float("-inf")
        self.is_deep = False
        """It has lasted for so long that a person should know."""

    @property
    def exists(self) -> bool:
        """The connection isn't trusted."""
        return self._since is not None

    def clear(self) -> None:
        """Trust: the connection is a new one."""
        self._since = None
        self._search_at = None
        self._ask_at = None
        self._not_before = float("-inf")
        self.is_deep = False

    def handle_frames(self, *, now: float) -> None:
        """Take note that frames came from the room."""
        self._ask_at = now + QUIET

    def handle_change(self, *, now: float) -> None:
        """Doubt the connection because this machine's network has changed."""
        if self._since is None:
            self._begin(now, by_silence=False, search_at=now + HEAD_START)
        else:
            self._search_at = now  # It was in doubt already: there is no time to lose.

    def handle_refusal(self, *, now: float) -> None:
        """Doubt the connection because of what anybody may have said."""
        if self._since is None and now >= self._not_before:
            self._begin(now, by_silence=False, search_at=now + HEAD_START)

    def look(self, unacknowledged_since: float | None, *, now: float) -> bool:
        """Look at what was sent. True, once, if another connection is to be looked for now."""
        if self._since is None:
            if unacknowledged_since is None or now < unacknowledged_since + SILENCE:
                return False
            self._begin(now, by_silence=True, search_at=now)
        elif self._by_silence and (
            unacknowledged_since is None or unacknowledged_since > self._since
        ):
            self._end(now)
            return False
        assert self._since is not None, "it is in doubt"
        self.is_deep = now >= self._since + _DEEP
        if self._search_at is None or now < self._search_at:
            return False
        self._search_at = None
        return True

    def question(self, *, now: float) -> int | None:
        """Take the nonce of the ping that is to be sent: once for each doubt, and after frames."""
        if self._since is not None and not self._asked:
            self._asked = True
            return self._nonce
        if self._ask_at is not None and now >= self._ask_at:
            self._ask_at = None
            return _OF_QUIET
        return None

    def receive_pong(self, nonce: int, *, now: float) -> None:
        """Take the relay's answer: what was asked after the doubt began came back."""
        if self._asked and nonce == self._nonce:
            self._end(now)

    def next_deadline(self, unacknowledged_since: float | None) -> float | None:
        """When `look` may find something, or `question` has one."""
        deadlines = [self._ask_at, self._search_at]
        if self._since is not None:
            deadlines.append(None if self.is_deep else self._since + _DEEP)
        elif unacknowledged_since is not None:
            deadlines.append(unacknowledged_since + SILENCE)
        return min((moment for moment in deadlines if moment is not None), default=None)

    def _begin(self, now: float, *, by_silence: bool, search_at: float) -> None:
        self._since = now
        self._search_at = search_at
        self._by_silence = by_silence
        self._nonce += 1
        self._asked = False

    def _end(self, now: float) -> None:
        self._since = None
        self._search_at = None
        self._asked = False
        self._not_before = now + _NEXT_SUSPICION
        self.is_deep = False
