"""The doctor: why a friend isn't visible, and what to do. Facts come in, results go out.

Nothing here acts: who collects the facts is the platform's own.
"""

from lanparty_endpoint.doctor.clock import judge_clock
from lanparty_endpoint.doctor.examination import Findings, report_of
from lanparty_endpoint.doctor.facts import (
    ClockFacts,
    FriendFacts,
    InterfaceFacts,
    MachineFacts,
    Obstacle,
    PathFacts,
    ReachFacts,
    SeenByFacts,
    SeenFacts,
    SessionFacts,
)
from lanparty_endpoint.doctor.machine_checks import judge_device, judge_permission, judge_routes
from lanparty_endpoint.doctor.path_checks import judge_mtu, judge_quality
from lanparty_endpoint.doctor.relay_checks import judge_handshake, judge_identity, judge_udp
from lanparty_endpoint.doctor.report import Line, Report, lines_of, summary
from lanparty_endpoint.doctor.results import Check, CheckName, CheckResult, Outcome, worst
from lanparty_endpoint.doctor.session_checks import (
    judge_address,
    judge_mac,
    judge_own_lan,
    judge_room,
)
from lanparty_endpoint.doctor.version_probe import (
    SMALLEST_VERSION_PROBE,
    answered_nonce,
    version_probe,
)
from lanparty_endpoint.doctor.visibility import (
    FriendSight,
    judge_own_firewall,
    judge_seen_by,
    sights,
)

__all__ = [
    "SMALLEST_VERSION_PROBE",
    "Check",
    "CheckName",
    "CheckResult",
    "ClockFacts",
    "Findings",
    "FriendFacts",
    "FriendSight",
    "InterfaceFacts",
    "Line",
    "MachineFacts",
    "Obstacle",
    "Outcome",
    "PathFacts",
    "ReachFacts",
    "Report",
    "SeenByFacts",
    "SeenFacts",
    "SessionFacts",
    "answered_nonce",
    "judge_address",
    "judge_clock",
    "judge_device",
    "judge_handshake",
    "judge_identity",
    "judge_mac",
    "judge_mtu",
    "judge_own_firewall",
    "judge_own_lan",
    "judge_permission",
    "judge_quality",
    "judge_room",
    "judge_routes",
    "judge_seen_by",
    "judge_udp",
    "lines_of",
    "report_of",
    "sights",
    "summary",
    "version_probe",
    "worst",
]
