"""The program `lanparty-relay`."""

from lanparty_command import Command, Program, run_program
from lanparty_relay.running import run_relay
from lanparty_relay.settings import RelaySettings

__all__ = ["run"]

_EXAMPLES = """\
examples:
  lanparty-relay                                         serve players on UDP port 443
  lanparty-relay --listen 4433/udp --state-dir ./state   without special rights
  lanparty-relay --cert fullchain.pem --key privkey.pem  with a certificate of an authority

Every option can be set by its variable as well; the option wins. SIGTERM and Ctrl-C stop the
relay cleanly: every player is told.
"""


def run() -> int:
    """Run with the process's arguments and return the exit code."""
    return run_program(
        Program(
            name="lanparty-relay",
            summary="Host rooms in which players far apart share one Ethernet segment.",
            commands=[Command(settings=RelaySettings, run=run_relay)],
            epilog=_EXAMPLES,
        )
    )
