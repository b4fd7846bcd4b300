"""What a person is told of the session, in an order that makes sense; pure.

Who is in the room is told after where the room is, and where it is once the interface has its
address, or that takes too long to wait for.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from lanparty_client_core import MemberChanged, MemberJoined, MemberLeft, SessionEnded, SessionState
from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint import endings, sentences
from lanparty_endpoint.happenings import Happening, of_member

__all__ = ["ADDRESS_PATIENCE", "Arrival", "Story"]

ADDRESS_PATIENCE: Final = 3.0
"""Seconds after the welcome that "joined" waits for an address, so that it can name it."""


_STANDING: Final = frozenset({"state", "waiting"})
"""What is told on the way into the room, too."""


class Story(Protocol):
    """What a program says of its own session."""

    @property
    def room_code(self) -> RoomCode | None:
        """The code that was asked for; None for a new room."""
        ...

    @property
    def waits_for_address(self) -> bool:
        """There will be an address to name."""
        ...

    def connecting(self) -> Happening:
        """Say where it goes."""
        ...

    def joined(self, welcome: Welcome, addresses: Sequence[str]) -> Happening:
        """Say where it is, and as what."""
        ...

    def invitation(self, code: RoomCode) -> Happening:
        """Say what to tell a friend."""
        ...

    def address_changed(self, addresses: Sequence[str]) -> Happening:
        """Say which addresses the interface has now."""
        ...


class Arrival:
    """Takes what happens and tells it."""

    def __init__(self, story: Story, *, tell: Callable[[Happening], None]) -> None:
        """Tell `story` as it happens."""
        self._story = story
        self._tell = tell
        self._welcome: Welcome | None = None
        self._due: float | None = None
        self._unsaid: list[Happening] = []
        self._addresses: tuple[str, ...] = ()
        self._notices: frozenset[str] = frozenset()
        self._trouble = ""
        self._has_waited = False

    @property
    def was_joined(self) -> bool:
        """It has been in the room."""
        return self._welcome is not None

    def begin(self) -> None:
        """Say where it goes."""
        self._tell(self._story.connecting())

    def handle_joined(self, welcome: Welcome, *, now: float) -> None:
        """Note that it is in the room, for the first time or again."""
        if self._welcome is None:
            self._welcome = welcome
            waits = self._story.waits_for_address
            self._due = now + ADDRESS_PATIENCE if waits else now
        else:
            self._say(sentences.state(SessionState.JOINED, "Back in the room."))

    def handle_state(self, state: SessionState, sentence: str) -> None:
        """Note another state on the way into the room, or of an outage."""
        self._trouble = sentence
        self._has_waited = self._has_waited or state is SessionState.WAITING
        self._say(sentences.state(state, sentence, was_joined=self.was_joined))

    def handle_trouble(self, state: SessionState, sentence: str) -> None:
        """Say why it takes so long, each time that another reason is found."""
        if sentence != self._trouble:
            self._trouble = sentence
            self._tell(sentences.state(state, sentence))

    def handle_member(self, event: MemberJoined | MemberChanged | MemberLeft) -> None:
        """Note that somebody came, went, or has another name or address."""
        self._say(of_member(event))

    def handle_happening(self, happening: Happening) -> None:
        """Pass on what the program has to say besides."""
        self._say(happening)

    def handle_notice(self, notice: str) -> None:
        """Pass on a sentence that is new."""
        self._say(sentences.notice(notice))

    def handle_notices(self, notices: Sequence[str]) -> None:
        """Note the sentences that hold now; each is told when it begins to."""
        for notice in notices:
            if notice not in self._notices:
                self._say(sentences.notice(notice))
        self._notices = frozenset(notices)

    def handle_addresses(self, addresses: tuple[str, ...], *, now: float) -> None:
        """Note the interface's addresses; say where it is if that is due."""
        if self._due is not None and self._welcome is not None:
            if not addresses and now < self._due:
                return
            self._due = None
            self._say_arrival(self._welcome, addresses)
        elif addresses != self._addresses:
            self._tell(self._story.address_changed(addresses))
        self._addresses = addresses

    def next_deadline(self) -> float | None:
        """When `handle_addresses` must be called again, whatever they are."""
        return self._due

    def handle_end(self, ended: SessionEnded, *, by_player: bool) -> int:
        """Say that it is over, and why; return the exit code."""
        # A standby that has waited was let in: to end that is no failure.
        let_in = self.was_joined or self._has_waited
        if by_player:
            self._tell(endings.left(was_joined=self.was_joined, has_waited=self._has_waited))
        else:
            self._tell(endings.ending(ended, was_joined=let_in))
            if hint := endings.mistyped(self._story.room_code, ended):
                self._tell(hint)
        return endings.exit_code(ended, was_joined=let_in)

    def _say_arrival(self, welcome: Welcome, addresses: tuple[str, ...]) -> None:
        self._tell(self._story.joined(welcome, addresses))
        if self._story.room_code is None:
            self._tell(self._story.invitation(welcome.room_code))
        for unsaid in self._unsaid:
            self._tell(unsaid)
        self._unsaid.clear()

    def _say(self, happening: Happening) -> None:
        """Tell it now, or after the arrival if that is about to be told."""
        waits = self._due is not None or (
            self._welcome is None and happening.event not in _STANDING
        )
        if waits:
            self._unsaid.append(happening)
        else:
            self._tell(happening)
