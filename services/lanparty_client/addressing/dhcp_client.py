"""A DHCP client (RFC 2131 section 4.4) that speaks in frames of the room instead of by a socket.

    STOPPED -> SELECTING -> REQUESTING -> BOUND -> RENEWING -> REBINDING
                   ^            |           |          |           |
                   +-- PAUSED <-+-----------+----------+-----------+     refused, taken, run out
                                          REBOOTING                      after the segment was away

Made here, not taken from pyroute2: its client opens a packet socket (CAP_NET_RAW, which softlan's
service doesn't have), reads the clock itself, raises on options that a stranger can send, and is
there on Linux only.
"""

import math
from enum import Enum
from ipaddress import IPv4Address
from typing import Final

from lanparty_client.addressing.dhcp_lease import DhcpLease, read_lease
from lanparty_client.addressing.dhcp_requests import DhcpRequests
from lanparty_client.addressing.randomness import Randomness
from lanparty_ethernet import DhcpKind, DhcpMessage, DhcpOption, address_option
from lanparty_proto import MacAddress

__all__ = ["DhcpClient", "DhcpState"]

FIRST_WAIT: Final = 4.0
LONGEST_WAIT: Final = 64.0
JITTER: Final = 1.0
"""Seconds until a message is repeated: doubled each time, each 1 s more or less (section 4.1)."""

RENEWAL_WAIT: Final = 60.0
"""The shortest time between two attempts to renew (section 4.4.5)."""

ANSWER_WAIT: Final = 8.0
"""How long after a message an answer is looked for; some servers ping an address for 3 s first."""

PAUSE: Final = 10.0
"""After an address that turned out to be taken, or a refused request (section 3.1)."""

REQUEST_ATTEMPTS: Final = 3
CONFIRM_ATTEMPTS: Final = 2
SILENT_ATTEMPTS: Final = 2


class DhcpState(Enum):
    """As in figure 5 of the RFC; INIT is left as soon as it is entered."""

    STOPPED = "stopped"
    PAUSED = "paused"
    SELECTING = "selecting"
    REQUESTING = "requesting"
    REBOOTING = "rebooting"
    BOUND = "bound"
    RENEWING = "renewing"
    REBINDING = "rebinding"


_EXPECT_ACK: Final = frozenset(
    {DhcpState.REQUESTING, DhcpState.REBOOTING, DhcpState.RENEWING, DhcpState.REBINDING}
)


class DhcpClient:
    """One client. `lease` is what it has; nothing that a server sends makes it raise."""

    def __init__(self, *, mac: MacAddress, random: Randomness) -> None:
        self._random = random
        self._requests = DhcpRequests(mac)
        self._state = DhcpState.STOPPED
        self._lease: DhcpLease | None = None
        self._offer: DhcpLease | None = None
        self._remembered: IPv4Address | None = None
        self._transaction = 0
        self._attempts = 0
        self._began_at = 0.0
        self._asked_at = 0.0
        self._send_at: float | None = None
        self._listen_until: float | None = None
        self._last_words: list[bytes] = []

    @property
    def state(self) -> DhcpState:
        """Where it stands."""
        return self._state

    @property
    def lease(self) -> DhcpLease | None:
        """What is leased now; not checked for other users of the address."""
        return self._lease

    @property
    def is_listening(self) -> bool:
        """An answer may come."""
        return self._listen_until is not None

    @property
    def is_silent_around(self) -> bool:
        """There is no lease, and it doesn't look like there will be one soon."""
        return self._state is DhcpState.PAUSED or (
            self._state is DhcpState.SELECTING and self._attempts >= SILENT_ATTEMPTS
        )

    # What the owner decides.

    def start(self, *, now: float) -> None:
        """Ask for an address, preferably the last one; nothing if it has been started already."""
        if self._state is DhcpState.STOPPED:
            self._enter(DhcpState.SELECTING, now=now)

    def stop(self) -> None:
        """Forget the lease without a word: its network is gone."""
        self._lose(DhcpState.STOPPED)

    def release(self, *, now: float) -> None:
        """Give the lease back and stop; the message is among the next frames."""
        if self._lease is not None and now < self._lease.expires_at:
            self._say(self._requests.release(self._lease, transaction=self._random.getrandbits(32)))
        self._lose(DhcpState.STOPPED)

    def decline(self, *, now: float) -> None:
        """Refuse the lease because somebody uses its address, and ask again after a pause."""
        if self._lease is None:
            return
        self._say(self._requests.decline(self._lease, transaction=self._random.getrandbits(32)))
        self._lose(DhcpState.PAUSED)
        self._remembered = None
        self._send_at = now + PAUSE

    def start_again(self, *, now: float) -> None:
        """Go on after the segment was away: have the lease confirmed, or ask anew."""
        if self._lease is not None and now < self._lease.expires_at:
            self._enter(DhcpState.REBOOTING, now=now)
        elif self._state is not DhcpState.STOPPED:
            self._lose(DhcpState.STOPPED)
            self._enter(DhcpState.SELECTING, now=now)

    # What arrives, and what is due.

    def receive_message(self, message: DhcpMessage, *, server_mac: MacAddress, now: float) -> bool:
        """Take a server's message to this MAC; tell whether it answers this client's question."""
        if not self.is_listening or message.transaction != self._transaction:
            return False
        lease = read_lease(message, server_mac=server_mac, asked_at=self._asked_at)
        match message.kind:
            case DhcpKind.OFFER if self._state is DhcpState.SELECTING and lease is not None:
                self._offer = lease
                self._enter(DhcpState.REQUESTING, now=now)
            case DhcpKind.ACK if self._state in _EXPECT_ACK and lease is not None:
                if self._offer is None or self._offer.server == lease.server:
                    self._bind(lease)
            case DhcpKind.NAK if self._state in _EXPECT_ACK:
                self._receive_refusal(address_option(message.options, DhcpOption.SERVER), now=now)
        return True

    def frames_to_send(self, *, now: float) -> list[bytes]:
        """Take the frames that are due; time passes here."""
        frames, self._last_words = self._last_words, []
        if self._listen_until is not None and now >= self._listen_until:
            self._listen_until = None
        self._follow_lease(now=now)
        if self._send_at is not None and now >= self._send_at:
            frames += self._send(now=now)
        return frames

    def next_deadline(self) -> float | None:
        """When `frames_to_send` has something to do."""
        if self._last_words:
            return -math.inf
        deadlines = (self._send_at, self._listen_until, self._lease_deadline())
        return min((at for at in deadlines if at is not None and at < math.inf), default=None)

    # The states.

    def _enter(self, state: DhcpState, *, now: float) -> None:
        if state is not DhcpState.REQUESTING:  # which answers an offer of the same transaction
            self._transaction = self._random.getrandbits(32)
            self._began_at = now
        self._state = state
        self._attempts = 0
        self._send_at = now

    def _bind(self, lease: DhcpLease) -> None:
        self._lease, self._offer = lease, None
        self._remembered = lease.address.ip
        self._state = DhcpState.BOUND
        self._send_at = self._listen_until = None

    def _lose(self, state: DhcpState) -> None:
        self._lease = self._offer = None
        self._state = state
        self._send_at = self._listen_until = None

    def _receive_refusal(self, server: IPv4Address | None, *, now: float) -> None:
        if self._offer is not None and server != self._offer.server:
            return
        was_new = self._offer is not None
        self._lose(DhcpState.PAUSED)
        self._remembered = None
        # Who refuses what it has just offered would do so again, as fast as frames travel.
        self._send_at = now + PAUSE if was_new else now

    def _follow_lease(self, *, now: float) -> None:
        lease = self._lease
        if lease is None:
            return
        if now >= lease.expires_at:
            self._lose(DhcpState.PAUSED)
            self._send_at = now
        elif self._state is DhcpState.BOUND and now >= lease.renew_at:
            self._enter(DhcpState.RENEWING, now=now)
        if self._state is DhcpState.RENEWING and now >= lease.rebind_at:
            self._enter(DhcpState.REBINDING, now=now)

    def _lease_deadline(self) -> float | None:
        if self._lease is None:
            return None
        if self._state is DhcpState.BOUND:
            return self._lease.renew_at
        if self._state is DhcpState.RENEWING:
            return self._lease.rebind_at
        return self._lease.expires_at

    def _send(self, *, now: float) -> list[bytes]:
        if self._state is DhcpState.PAUSED or self._is_given_up():
            if self._state is DhcpState.REBOOTING:
                # Nobody objected, so the lease holds until it ends (section 3.2).
                self._state, self._send_at = DhcpState.BOUND, None
                return []
            self._offer = None
            self._enter(DhcpState.SELECTING, now=now)
        self._attempts += 1
        self._asked_at = now
        self._send_at = now + self._wait(now=now)
        self._listen_until = now + ANSWER_WAIT
        return [self._frame(int(now - self._began_at))]

    def _is_given_up(self) -> bool:
        if self._state is DhcpState.REQUESTING:
            return self._attempts >= REQUEST_ATTEMPTS
        return self._state is DhcpState.REBOOTING and self._attempts >= CONFIRM_ATTEMPTS

    def _wait(self, *, now: float) -> float:
        if self._lease is not None and self._state is DhcpState.RENEWING:
            return max(RENEWAL_WAIT, (self._lease.rebind_at - now) / 2)
        if self._lease is not None and self._state is DhcpState.REBINDING:
            return max(RENEWAL_WAIT, (self._lease.expires_at - now) / 2)
        doubled: float = FIRST_WAIT * 2 ** min(self._attempts - 1, 4)
        return min(doubled, LONGEST_WAIT) + self._random.uniform(-JITTER, JITTER)

    def _frame(self, seconds: int) -> bytes:
        transaction = self._transaction
        if self._state is DhcpState.REQUESTING and self._offer is not None:
            return self._requests.accept(self._offer, transaction=transaction, seconds=seconds)
        if self._lease is None:
            return self._requests.discover(
                self._remembered, transaction=transaction, seconds=seconds
            )
        make = {
            DhcpState.REBOOTING: self._requests.confirm,
            DhcpState.RENEWING: self._requests.renew,
            DhcpState.REBINDING: self._requests.rebind,
        }[self._state]
        return make(self._lease, transaction=transaction, seconds=seconds)

    def _say(self, frame: bytes) -> None:
        self._last_words = [*self._last_words, frame][-2:]  # a lease ends in one of two ways
