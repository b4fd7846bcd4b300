"""The program `lanparty-relay`: serve, which needs no name, health, token."""

from lanparty_command import Command, Program, run_program
from lanparty_relay.health import HealthSettings, tell_health
from lanparty_relay.settings import RelaySettings
from lanparty_relay.token import TokenSettings, tell_token

__all__ = ["run"]

_EXAMPLES = """\
examples:
  lanparty-relay                                         serve players on UDP port 443
  lanparty-relay --listen 4433/udp --state-dir ./state   without special rights
  lanparty-relay --cert fullchain.pem --key privkey.pem  with a certificate of an authority
  lanparty-relay health                                  is the relay on this host in order?
  TOKEN=$(lanparty-relay token --state-dir ./state)      for the admin API

Every option can be set by its variable as well; the option wins. SIGTERM and Ctrl-C stop the
relay cleanly: every player is told. SIGHUP has it read certificate, key and admin token again.
"""


def run() -> int:
    """Run with the process's arguments and return the exit code."""
    return run_program(
        Program(
            name="lanparty-relay",
            summary="Host rooms in which players far apart share one Ethernet segment.",
            commands=[
                Command(settings=RelaySettings, run=_serve),
                Command(
                    settings=HealthSettings,
                    run=tell_health,
                    name="health",
                    summary="Tell whether the relay on this host is in order.",
                ),
                Command(
                    settings=TokenSettings,
                    run=tell_token,
                    name="token",
                    summary="Print the admin API's token, or make a new one.",
                ),
            ],
            epilog=_EXAMPLES,
        )
    )


def _serve(settings: RelaySettings) -> int:
    # What serves takes several times as long to load as the rest, and `health` runs every few
    # seconds in a container.
    from lanparty_relay.running import run_relay

    return run_relay(settings)
