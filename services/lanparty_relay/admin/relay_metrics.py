"""Metrics of the relay itself, before and beside its rooms: what it is, packets, sessions."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import HandshakeFailure, PacketDrop
from lanparty_relay.admin.observation import Observation
from lanparty_relay.admin_link import Heartbeat
from lanparty_relay.core import SessionFault
from lanparty_relay.memory_budget import MemoryPart

__all__ = ["about_heartbeat", "about_relay"]


def about_relay(seen: Observation) -> Iterator[Metric]:
    """Give what the relay is and allows, and how many are in it."""
    configuration = seen.configuration
    info = GaugeMetricFamily(
        "softlan_relay_info", "Version of the relay; the value is 1.", labels=["version"]
    )
    info.add_metric([configuration.version], 1)
    yield info
    yield GaugeMetricFamily(
        "softlan_relay_start_time_seconds",
        "Unix time at which the relay started.",
        value=seen.wall_clock(configuration.started_at),
    )
    yield GaugeMetricFamily("softlan_relay_rooms", "Rooms now.", value=len(seen.rooms))
    yield GaugeMetricFamily(
        "softlan_relay_peers", "Endpoints in all rooms now.", value=sum(1 for _ in seen.peers())
    )
    yield GaugeMetricFamily(
        "softlan_relay_rooms_limit", "Most rooms at once.", value=configuration.limits.rooms
    )
    yield GaugeMetricFamily(
        "softlan_relay_peers_limit",
        "Most endpoints in all rooms together.",
        value=configuration.limits.peers,
    )
    yield _by_part(
        "softlan_relay_memory_limit_bytes",
        "Most memory of the forwarding half that the settings allow, by part.",
        configuration.memory,
    )
    yield CounterMetricFamily(
        "softlan_relay_admin_restarts",
        "Times that the admin process was started again.",
        value=configuration.admin_restarts,
    )
    yield GaugeMetricFamily(
        "softlan_relay_peer_metrics",
        "Whether each peer has series here: 1, or 0 with --no-peer-metrics.",
        value=configuration.peer_metrics,
    )
    if seen.heartbeat_age is not None:
        yield GaugeMetricFamily(
            "softlan_relay_heartbeat_age_seconds",
            "Time since the forwarding half last said that it runs.",
            value=max(0.0, seen.heartbeat_age),
        )


def about_heartbeat(heartbeat: Heartbeat) -> Iterator[Metric]:
    """Give what the forwarding half tells each second."""
    yield GaugeMetricFamily(
        "softlan_relay_leases",
        "Addresses leased, those that are kept for absent players too.",
        value=heartbeat.leases,
    )
    yield _by_part(
        "softlan_relay_memory_used_bytes",
        "Memory of the forwarding half that its parts take now, reckoned like the limit.",
        heartbeat.memory,
    )
    if heartbeat.resident_bytes is not None:
        yield GaugeMetricFamily(
            "softlan_relay_resident_memory_bytes",
            "Memory that the system says the forwarding half has.",
            value=heartbeat.resident_bytes,
        )
    yield from _about_packets(heartbeat)
    yield from _about_handshakes(heartbeat)
    yield from _about_sessions(heartbeat)


def _by_part(name: str, text: str, parts: Mapping[MemoryPart, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["part"])
    for part, size in parts.items():
        family.add_metric([part.value], size)
    return family


def _about_packets(heartbeat: Heartbeat) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "softlan_relay_connections",
        "QUIC connections now, handshakes included.",
        value=heartbeat.connections,
    )
    yield CounterMetricFamily(
        "softlan_relay_cpu_seconds",
        "Processor time of the forwarding half.",
        value=heartbeat.cpu_seconds,
    )
    yield CounterMetricFamily(
        "softlan_relay_packets_received", "UDP packets received.", value=heartbeat.packets_received
    )
    yield CounterMetricFamily(
        "softlan_relay_packets_routed",
        "UDP packets received and taken by a connection.",
        value=heartbeat.packets_routed,
    )
    yield CounterMetricFamily(
        "softlan_relay_packets_sent", "UDP packets sent.", value=heartbeat.packets_sent
    )
    dropped = CounterMetricFamily(
        "softlan_relay_packets_dropped",
        "UDP packets dropped that no connection took, by reason.",
        labels=["reason"],
    )
    for reason in PacketDrop:
        dropped.add_metric([reason.value], heartbeat.packets_dropped.get(reason, 0))
    yield dropped
    yield CounterMetricFamily(
        "softlan_relay_socket_overflows",
        "UDP packets that the kernel dropped because the socket's buffer was full.",
        value=heartbeat.socket_overflows,
    )


def _about_handshakes(heartbeat: Heartbeat) -> Iterator[Metric]:
    handshakes = heartbeat.handshakes
    yield GaugeMetricFamily(
        "softlan_relay_handshakes_pending",
        "QUIC handshakes begun and not complete.",
        value=handshakes.pending,
    )
    failed = CounterMetricFamily(
        "softlan_relay_handshakes_failed",
        "QUIC handshakes begun that came to nothing, by reason.",
        labels=["reason"],
    )
    for reason in HandshakeFailure:
        failed.add_metric([reason.value], handshakes.failed.get(reason, 0))
    yield failed
    yield GaugeMetricFamily(
        "softlan_relay_retry_active",
        "1 while newcomers have to prove their address first (QUIC Retry).",
        value=handshakes.retry,
    )


def _about_sessions(heartbeat: Heartbeat) -> Iterator[Metric]:
    sessions = heartbeat.sessions
    for name, text, value in (
        ("handshakes", "QUIC handshakes completed.", sessions.handshakes),
        ("sessions_admitted", "Endpoints admitted to a room.", sessions.admitted),
        ("sessions_resumed", "Endpoints admitted with a resume token.", sessions.resumed),
        ("sessions_abandoned", "Connections gone before a decision.", sessions.abandoned),
    ):
        yield CounterMetricFamily(f"softlan_relay_{name}", text, value=value)
    rejected = CounterMetricFamily(
        "softlan_relay_sessions_rejected", "Endpoints not admitted, by code.", labels=["code"]
    )
    ended = CounterMetricFamily(
        "softlan_relay_sessions_ended", "Admitted sessions that ended, by code.", labels=["code"]
    )
    for code in SessionEnd:
        rejected.add_metric([code.value], sessions.rejected.get(code, 0))
        ended.add_metric([code.value], sessions.ended.get(code, 0))
    yield rejected
    yield ended
    faults = CounterMetricFamily(
        "softlan_relay_session_faults", "Breaches of the protocol, by kind.", labels=["fault"]
    )
    for fault in SessionFault:
        faults.add_metric([fault.value], sessions.faults.get(fault, 0))
    yield faults
