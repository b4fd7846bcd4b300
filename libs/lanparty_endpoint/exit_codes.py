"""What the programs of an endpoint tell the shell beside the codes of every softlan program."""

from enum import IntEnum
from typing import Final

from lanparty_client_core import SessionEnded
from lanparty_command import ExitCode
from lanparty_obs.codes import SessionEnd

__all__ = ["EndpointExitCode", "exit_code_of"]


class EndpointExitCode(IntEnum):
    """Why an endpoint isn't in its room; 0, 1 and 2 are `ExitCode`'s."""

    UNREACHABLE = 3
    """No relay answered, or the connection to it was lost."""
    NOT_THE_RELAY = 4
    """Who answered isn't the relay that the pin or certificate names."""
    REFUSED = 5
    """The relay didn't let the endpoint in."""
    ENDED = 6
    """The relay ended the session: kicked, replaced, the room closed."""


_ALWAYS: Final = {
    SessionEnd.LEFT: ExitCode.OK,
    SessionEnd.RELAY_UNREACHABLE: EndpointExitCode.UNREACHABLE,
    SessionEnd.CONNECTION_LOST: EndpointExitCode.UNREACHABLE,
    SessionEnd.PIN: EndpointExitCode.NOT_THE_RELAY,
    SessionEnd.CERTIFICATE: EndpointExitCode.NOT_THE_RELAY,
}


def exit_code_of(ended: SessionEnded, *, joined: bool) -> int:
    """Return the exit code for a session that ended so, after it had `joined` or before."""
    if joined and ended.code is SessionEnd.SHUTDOWN:
        return ExitCode.OK  # A relay that stops cleanly: nobody did anything wrong.
    usual = EndpointExitCode.ENDED if joined else EndpointExitCode.REFUSED
    return int(_ALWAYS.get(ended.code, usual))
