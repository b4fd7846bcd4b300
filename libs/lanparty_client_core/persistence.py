"""How long an endpoint goes on trying, and which reasons end it for good."""

from enum import StrEnum

from lanparty_client_core.events import SessionEnded
from lanparty_obs.codes import SessionEnd

__all__ = ["Persistence"]


class Persistence(StrEnum):
    """When a session gives up."""

    ONE_TRY = "one_try"
    """After the first failure, or the first end of a session in the room."""
    AFTER_WELCOME = "after_welcome"
    """Joining may fail once, for the person who waits; who was in the room comes back by itself."""
    ALWAYS = "always"
    """Never, unless the reason is final: for services, which may start before the network."""

    def gives_up(self, ended: SessionEnded, *, was_welcome: bool, proven: bool) -> bool:
        """Tell whether a session, welcomed before or not, is over for good after this end.

        `proven`: the relay had proved who it is. Who was in the room knows that its pin and code
        are right. For a while the relay's old address may be somebody else's, whose word counts for
        nothing; and a relay that was started again has no rooms yet (docs/protocol.md, section 9).
        """
        if ended.code is SessionEnd.LEFT and not ended.by_relay:
            return True
        if self is Persistence.ONE_TRY or (self is Persistence.AFTER_WELCOME and not was_welcome):
            return True
        if was_welcome and (not proven or ended.code is SessionEnd.ROOM_UNKNOWN):
            return False
        return ended.final
