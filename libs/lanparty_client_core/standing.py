"""An endpoint's standing with its room: what it was granted, who is there, how it comes back.

It outlives the connections. Pure bookkeeping: the conversations' news go in, events come out.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from lanparty_client_core.conversation import Conversation
from lanparty_client_core.events import (
    LeaseChanged,
    MemberJoined,
    MemberLeft,
    SessionEvent,
    SessionState,
    StateChanged,
    Welcomed,
)
from lanparty_client_core.roster import Roster
from lanparty_ctrl import AddressLease, Hello, PeerJoined, PrefixesInUse, Welcome

__all__ = ["PREFIXES_LIMIT", "Standing"]

PREFIXES_LIMIT: Final = 64
"""Networks that one message may name (docs/protocol.md)."""


class Standing:
    """What one endpoint knows of its room."""

    def __init__(self, hello: Hello) -> None:
        self._hello = hello
        self._prefixes = PrefixesInUse(prefixes_in_use=hello.prefixes_in_use)
        self._roster = Roster()
        self._events: list[SessionEvent] = []
        self.welcome: Welcome | None = None
        """What the relay granted last."""
        self.lease: AddressLease | None = None
        """The address that the relay leases to this endpoint; during an outage, the last one."""
        self.was_joined = False
        """It has been in the room, with every member named."""
        self._has_waited = False

    @property
    def members(self) -> Mapping[int, PeerJoined]:
        """Who else is in the room, by peer id; during an outage and after the end, who was."""
        return self._roster.members

    @property
    def has_events(self) -> bool:
        """`events` would return some."""
        return bool(self._events)

    def events(self) -> list[SessionEvent]:
        """Take what happened."""
        events, self._events = self._events, []
        return events

    def next_hello(self) -> Hello:
        """Return what the next connection begins with."""
        if self.welcome is None:
            return self._hello.model_copy(
                update={
                    # Who has waited for a place knows the code too.
                    "create": self._hello.create or self._has_waited,
                    "prefixes_in_use": self._prefixes.prefixes_in_use,
                }
            )
        wanted = self._hello.address_wanted if self.lease is None else self.lease.address
        return self._hello.model_copy(
            update={
                # Who was in the room knows its code, and a relay started again has no rooms.
                "room_code": self.welcome.room_code,
                "create": True,
                "resume_token": self.welcome.resume_token,
                "address_wanted": wanted,
                "prefixes_in_use": self._prefixes.prefixes_in_use,
            }
        )

    def handle_waiting(self) -> None:
        """Take note that the relay knows the room, and that its gateway's place is taken."""
        self._has_waited = True

    def handle_welcome(self, welcome: Welcome, conversation: Conversation) -> None:
        """Take a new connection's welcome; `receive_news` follows."""
        self.welcome = welcome
        gone = self._roster.handle_welcome()
        self._events += [Welcomed(welcome), *gone]
        if self._prefixes.prefixes_in_use != conversation.hello.prefixes_in_use:
            conversation.report_prefixes(self._prefixes)

    def receive_news(self, conversation: Conversation, *, now: float) -> list[int]:
        """Take what the relay said; return the peer ids that left."""
        left: list[int] = []
        for event in conversation.events():
            match event:
                case MemberJoined(member=member):
                    self._events += self._roster.add(member)
                case MemberLeft(member=member, reason=reason):
                    left.append(member.peer_id)
                    self._events += self._roster.remove(member, reason)
                case StateChanged(state=SessionState.JOINED):
                    self.was_joined = True
                    resumed = self.welcome is not None and self.welcome.resumed
                    self._roster.handle_ready(resumed=resumed, now=now)
        if conversation.lease != self.lease:
            self.lease = conversation.lease
            self._events.append(LeaseChanged(self.lease))
        return left

    def report_prefixes(
        self,
        prefixes: Sequence[IPv4Network | IPv6Network],
        conversation: Conversation | None,
    ) -> None:
        """Remember what the machine reaches, and say it in the conversation of now."""
        message = PrefixesInUse(prefixes_in_use=tuple(prefixes[:PREFIXES_LIMIT]))
        if message == self._prefixes:
            return
        self._prefixes = message
        if conversation is not None:
            conversation.report_prefixes(message)

    def handle_timer(self, *, now: float) -> None:
        """Let go of members that didn't come back."""
        self._events += self._roster.expire(now=now)

    def next_deadline(self) -> float | None:
        """When `handle_timer` has something to do."""
        return self._roster.next_deadline()
