"""The program `lanparty-gateway`: bridging needs no name, what asks it has one."""

from collections.abc import Sequence
from typing import Final

from lanparty_command import Command, Program, run_program
from lanparty_gateway.doctor_settings import GatewayDoctorSettings
from lanparty_gateway.health import HEALTH, PROGRAM_NAME
from lanparty_gateway.session_settings import GatewayReportSettings, GatewaySessionSettings
from lanparty_gateway.settings import GatewaySettings, PreflightSettings, SetupHostSettings

__all__ = ["run"]

_EPILOG: Final = """\
examples:
  lanparty-gateway --interface eth0 "softlan://relay.example/CODE#sha256:..."
  lanparty-gateway --interface eth0 --relay relay.example --pin sha256:...    a new room
  lanparty-gateway --interface wlan0 --mac-nat INVITE                        by Wi-Fi
  lanparty-gateway --interface eth0 --standby INVITE                         a second one
  lanparty-gateway preflight --interface eth0            look first, bridge nothing
  lanparty-gateway status                                what crosses, and what doesn't?
  lanparty-gateway doctor                                why doesn't it work?

It needs CAP_NET_RAW and nothing else. Every option can be set by its variable as well; the option
wins. An outage is no end: it comes back by itself. SIGTERM and Ctrl-C leave the room.

exit codes:
  0    done: the room was left, or the relay stopped cleanly
  1    something on this computer or its LAN is in the way, or there is nothing to ask
  2    the command line, or a file that it names, is wrong
  3    no relay answered
  4    the relay isn't the one of the pin or certificate
  5    the relay refused the gateway: no such room, or it has a gateway already
  6    the relay ended the session: kicked, replaced, the room closed
  130  interrupted before it was in the room
  143  terminated while it was starting
"""

_STATUS: Final = """\
exit codes: 0 printed, 1 no gateway runs on this computer
"""

_LEAVE: Final = """\
exit codes: 0 left; 1 there was nothing to leave, or it is another user's
"""

_DOCTOR: Final = """\
It looks at the way to the relay and at the LAN; of a running gateway at its room, too. Without one:
  lanparty-gateway doctor --interface eth0 "softlan://relay.example/CODE#sha256:..."

exit codes: 0 nothing failed; 1 something did; 2 the command is wrong; 130 interrupted
"""

_REPORT: Final = """\
exit codes: 0 written, 1 it can't be
"""

_PREFLIGHT: Final = """\
It sends a few ARP and DHCP questions on the LAN and listens for 3 seconds; nothing stays of it.

exit codes: 0 nothing is in the way; 1 something is; 2 the command is wrong; 130 interrupted
"""

_SETUP_HOST: Final = """\
The gateway reads the cable, so the computer that it runs on isn't on it. This puts a bridge there
that both are plugged into. It needs root, once; --undo takes it back.

exit codes: 0 done, 1 it can't be done, and all is as it was
"""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, the process's when None, and return the exit code."""
    return run_program(
        Program(
            name=PROGRAM_NAME,
            summary="Connect a LAN with a room: its machines and the players see each other.",
            commands=[
                Command(settings=GatewaySettings, run=_bridge),
                Command(
                    settings=GatewaySessionSettings,
                    run=_status,
                    name="status",
                    summary="Tell what is bridged, what crosses, and who is in the room.",
                    epilog=_STATUS,
                ),
                Command(
                    settings=GatewaySessionSettings,
                    run=_leave,
                    name="leave",
                    summary="End the gateways of this computer.",
                    epilog=_LEAVE,
                ),
                Command(
                    settings=GatewayDoctorSettings,
                    run=_doctor,
                    name="doctor",
                    summary="Find what is wrong, and say what to do.",
                    epilog=_DOCTOR,
                ),
                Command(
                    settings=GatewayReportSettings,
                    run=_report,
                    name="report",
                    summary="Write a file for a bug report, without codes and names.",
                    epilog=_REPORT,
                ),
                Command(
                    settings=PreflightSettings,
                    run=_preflight,
                    name="preflight",
                    summary="Look whether this LAN can be bridged, and bridge nothing.",
                    epilog=_PREFLIGHT,
                ),
                Command(
                    settings=SetupHostSettings,
                    run=_setup_host,
                    name="setup-host",
                    summary="Let the room reach this computer itself, too.",
                    epilog=_SETUP_HOST,
                ),
                HEALTH,
            ],
            epilog=_EPILOG,
        ),
        arguments,
    )


# Each command loads what it needs when it is run.


def _bridge(settings: GatewaySettings) -> int:
    from lanparty_gateway.running import run_gateway

    return run_gateway(settings)


def _status(settings: GatewaySessionSettings) -> int:
    from lanparty_endpoint.session_commands import print_status
    from lanparty_gateway.session_kind import GATEWAYS
    from lanparty_gateway.status_lines import gateway_status_lines

    return print_status(GATEWAYS, settings, gateway_status_lines)


def _leave(settings: GatewaySessionSettings) -> int:
    from lanparty_endpoint.session_commands import print_left
    from lanparty_gateway.session_kind import GATEWAYS

    return print_left(GATEWAYS, settings)


def _doctor(settings: GatewayDoctorSettings) -> int:
    from lanparty_gateway.doctor_command import doctor

    return doctor(settings)


def _report(settings: GatewayReportSettings) -> int:
    from lanparty_gateway.report_command import report

    return report(settings)


def _preflight(settings: PreflightSettings) -> int:
    from lanparty_gateway.preflight_command import preflight

    return preflight(settings)


def _setup_host(settings: SetupHostSettings) -> int:
    from lanparty_gateway.host import set_up_host
    from lanparty_gateway.settings import required

    return set_up_host(required(settings.interface), undo=settings.undo, plan_only=settings.print_)
