"""The preflight: looks at a LAN before anything is bridged into it. Facts in, findings out.

The shells that find facts are `examining`, `kernel`, `sysfs` and `packet_socket`; all else is pure.
"""

from lanparty_gateway.preflight.checks import Finding, PreflightCheck
from lanparty_gateway.preflight.examination import Examination, Wish, judge_in_room
from lanparty_gateway.preflight.examining import EXAMINATION_SECONDS, examine
from lanparty_gateway.preflight.facts import DhcpServer
from lanparty_gateway.preflight.room_station import RoomDhcpStation

__all__ = [
    "EXAMINATION_SECONDS",
    "DhcpServer",
    "Examination",
    "Finding",
    "PreflightCheck",
    "RoomDhcpStation",
    "Wish",
    "examine",
    "judge_in_room",
]
