"""All checks in their order, from all that was found. Pure."""

from dataclasses import dataclass

from lanparty_command import join_host_port
from lanparty_endpoint.doctor.clock import judge_clock
from lanparty_endpoint.doctor.facts import (
    ClockFacts,
    MachineFacts,
    PathFacts,
    ReachFacts,
    SeenByFacts,
    SessionFacts,
)
from lanparty_endpoint.doctor.machine_checks import judge_device, judge_permission, judge_routes
from lanparty_endpoint.doctor.path_checks import judge_mtu, judge_quality
from lanparty_endpoint.doctor.relay_checks import judge_handshake, judge_identity, judge_udp
from lanparty_endpoint.doctor.report import Report
from lanparty_endpoint.doctor.session_checks import (
    judge_address,
    judge_mac,
    judge_own_lan,
    judge_room,
)
from lanparty_endpoint.doctor.visibility import judge_own_firewall, judge_seen_by, sights

__all__ = ["Findings", "report_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the collectors brought."""

    path: PathFacts
    reach: ReachFacts | None
    """None: no packet passes."""
    clock: ClockFacts
    machine: MachineFacts
    session: SessionFacts | None = None
    """None: no session runs."""
    seen_by: SeenByFacts | None = None
    """None: nobody could be asked."""


def report_of(found: Findings, *, host: str, port: int) -> Report:
    """Judge everything; `host` and `port` are the relay's, as the player gave them."""
    session, machine, path = found.session, found.machine, found.path
    seen_by = found.seen_by
    if seen_by is not None and not seen_by.seen and not path.round_trips:
        seen_by = None  # No packet passes, so it is no friend's fault.
    results = (
        judge_udp(path, host=host, port=port),
        judge_handshake(found.reach),
        judge_identity(found.reach),
        judge_clock(found.clock, found.reach),
        judge_room(session),
        judge_device(machine, session),
        judge_permission(machine, session),
        judge_mac(machine, session),
        judge_address(machine, session),
        judge_own_lan(session),
        judge_routes(machine, session),
        judge_mtu(path, session),
        judge_quality(path, session),
        judge_own_firewall(session),
        judge_seen_by(session, seen_by),
    )
    friends = sights(session.friends, seen_by) if session and seen_by else []
    return Report(
        relay=join_host_port(host, port),
        interface=session.interface if session else None,
        results=results,
        friends=friends,
    )
