"""The program `lanparty-client`: what a player has in hand."""

from collections.abc import Sequence
from typing import Final

from lanparty_client.doctor.settings import PingSettings
from lanparty_client.settings import JoinSettings, ServeSettings, SetupSettings
from lanparty_command import Command, Program, run_program
from lanparty_endpoint.doctor_settings import ExaminedRelaySettings
from lanparty_endpoint.session_settings import ReportSettings, SessionSettings

__all__ = ["run"]

_EPILOG: Final = """\
examples:
  lanparty-client join --relay relay.example --pin sha256:...     make a room for friends
  lanparty-client join "softlan://relay.example/CODE#sha256:..."  come into a friend's
  lanparty-client status                                          where am I, and who else?
  lanparty-client doctor                                          why doesn't it work?
  sudo lanparty-client setup                                      once; else join with sudo

exit codes:
  0    done
  1    something on this computer is in the way, or there is nothing to ask
  2    the command line, or a file that it names, is wrong
  3    no relay answered
  4    the relay isn't the one of the pin or certificate
  5    the relay refused the player
  6    the relay ended the session
  130  interrupted before anything was done
  143  terminated while it was starting
"""

_JOIN: Final = """\
examples:
  lanparty-client join "softlan://relay.example/7K3M-9QXR-T2V#sha256:..."
  lanparty-client join --relay relay.example --room 7K3M-9QXR-T2V --name Ann
  lanparty-client join --relay relay.example --pin-file pin        a new room
  lanparty-client join --detach INVITE                             through the service
  lanparty-client join --address 10.20.30.4/24 --interface lan7 INVITE

exit codes:
  0    the room was left, or the relay stopped cleanly
  1    rights are missing, the interface's name is taken, the room is joined already, the address
       is somebody else's, or this computer is on the gateway's own network
  2    the command line, or a file that it names, is wrong
  3    no relay answered
  4    the relay isn't the one of the pin or certificate
  5    the relay refused the player: no such room, full, the MAC is in use
  6    the relay ended the session: kicked, replaced, the room closed
  130  interrupted before it was in the room

An outage is no end: once in the room it comes back by itself, and the interface stays meanwhile.
"""

_STATUS: Final = """\
exit codes: 0 printed, 1 this computer is in no room
"""

_LEAVE: Final = """\
exit codes: 0 left, and the interface is gone; 1 there was nothing to leave, or it is another user's
"""

_PING: Final = """\
Ctrl-C ends it and sums up. The way to the relay and the way on to the player are what each of the
two measured lately, so they are near the whole time, and not its exact parts.

exit codes: 0 somebody answered; 1 nobody did, or there is no such player; 2 the command is wrong
"""

_DOCTOR: Final = """\
In a room it looks at everything. Without one it looks at this computer and the way to a relay:
  lanparty-client doctor "softlan://relay.example/CODE#sha256:..."

exit codes: 0 nothing failed; 1 something did; 2 the command is wrong; 130 interrupted
"""

_REPORT: Final = """\
exit codes: 0 written, 1 it can't be
"""

_SERVE: Final = """\
exit codes: 0 stopped by SIGTERM or Ctrl-C, 1 it can't serve
"""

_SETUP: Final = """\
The service runs as the user softlan with CAP_NET_ADMIN and nothing else. Users of the group softlan
may join rooms through it, and end only their own sessions. A room's addresses and routes are the
whole computer's, so take into the group whom you trust with its network.

  sudo lanparty-client setup
  sudo usermod -aG softlan $USER     and log in again

exit codes: 0 done, 1 it takes root and systemd
"""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, the process's when None, and return the exit code."""
    return run_program(
        Program(
            name="lanparty-client",
            summary="Be on one LAN with friends far away: a network interface in a room.",
            commands=[
                Command(
                    settings=JoinSettings,
                    run=_join,
                    name="join",
                    summary="Join a room, or make one, and stay until Ctrl-C.",
                    epilog=_JOIN,
                ),
                Command(
                    settings=SessionSettings,
                    run=_status,
                    name="status",
                    summary="Tell where this computer is in a room, and who else is there.",
                    epilog=_STATUS,
                ),
                Command(
                    settings=SessionSettings,
                    run=_leave,
                    name="leave",
                    summary="Leave the rooms that this computer is in.",
                    epilog=_LEAVE,
                ),
                Command(
                    settings=PingSettings,
                    run=_ping,
                    name="ping",
                    summary="Tell how far away a player is.",
                    epilog=_PING,
                ),
                Command(
                    settings=ExaminedRelaySettings,
                    run=_doctor,
                    name="doctor",
                    summary="Find what is wrong, and say what to do.",
                    epilog=_DOCTOR,
                ),
                Command(
                    settings=ReportSettings,
                    run=_report,
                    name="report",
                    summary="Write a file for a bug report, without codes and names.",
                    epilog=_REPORT,
                ),
                Command(
                    settings=SetupSettings,
                    run=_setup,
                    name="setup",
                    summary="Install the service, once, so that joining needs no sudo.",
                    epilog=_SETUP,
                ),
                Command(
                    settings=ServeSettings,
                    run=_serve,
                    name="serve",
                    summary="Join rooms for the users of this computer; the service runs this.",
                    epilog=_SERVE,
                ),
            ],
            epilog=_EPILOG,
        ),
        arguments,
    )


# Each command loads what it needs when it is run.


def _join(settings: JoinSettings) -> int:
    from lanparty_client.joining import join

    return join(settings)


def _status(settings: SessionSettings) -> int:
    from lanparty_client.session_kind import PLAYERS
    from lanparty_endpoint.session_commands import print_status
    from lanparty_endpoint.status_lines import status_lines

    return print_status(PLAYERS, settings, status_lines)


def _leave(settings: SessionSettings) -> int:
    from lanparty_client.session_kind import PLAYERS
    from lanparty_endpoint.session_commands import print_left

    return print_left(PLAYERS, settings)


def _ping(settings: PingSettings) -> int:
    from lanparty_client.doctor.ping_command import ping

    return ping(settings)


def _doctor(settings: ExaminedRelaySettings) -> int:
    from lanparty_client.doctor.command import doctor

    return doctor(settings)


def _report(settings: ReportSettings) -> int:
    from lanparty_client.reporting import report

    return report(settings)


def _setup(settings: SetupSettings) -> int:
    from lanparty_client.setup import set_up

    return set_up(settings)


def _serve(settings: ServeSettings) -> int:
    from lanparty_client.serving import serve

    return serve(settings)
