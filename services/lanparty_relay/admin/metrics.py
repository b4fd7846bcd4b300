"""Metrics for Prometheus: each family once, rooms and peers by public id, series go with them.

Names follow Prometheus's rules: `softlan_<part>_<thing>_<unit>[_total]`, base units, label values
from closed sets (`lanparty_obs`) but for the public ids of rooms and peers.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import PacketDrop
from lanparty_relay.admin.observation import Observation, Observer
from lanparty_relay.admin.tunnel_metrics import TunnelMetrics
from lanparty_relay.admin_link import Heartbeat
from lanparty_relay.core import SessionFault

__all__ = ["METRICS_MEDIA_TYPE", "MetricsPage"]

METRICS_MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_LIFETIME: Final = 1.0
"""Seconds that a page is given again: 20,000 series cost nearly half a second of a processor."""


class MetricsPage:
    """The rendered metrics, made at most once a second however often they are asked for."""

    def __init__(self, observer: Observer, *, clock: Callable[[], float]) -> None:
        self._observer: Final = observer
        self._clock: Final = clock
        self._collector: Final = RelayCollector()
        self._registry: Final = CollectorRegistry()
        self._registry.register(self._collector)
        self._rendering: Final = asyncio.Lock()
        self._text = b""
        self._made_at: float | None = None

    async def text(self) -> bytes:
        """Return the page; who asks while it is being made gets that one."""
        async with self._rendering:
            now = self._clock()
            if self._made_at is None or now - self._made_at >= _LIFETIME:
                self._collector.observation = await self._observer.observe()
                # In a thread, so that health checks and heartbeats go on meanwhile.
                self._text = await asyncio.to_thread(generate_latest, self._registry)
                self._made_at = now
        return self._text


class RelayCollector(Collector):
    """Gives one observation as metric families."""

    def __init__(self) -> None:
        self.observation: Observation | None = None

    def collect(self) -> Iterator[Metric]:
        """Give every family of the observation, none before the first."""
        seen = self.observation
        if seen is None:
            return
        yield from _about_relay(seen)
        if seen.heartbeat is not None:
            yield _leases(seen.heartbeat)
            yield from _about_packets(seen.heartbeat)
            yield from _about_sessions(seen.heartbeat)
        yield from _relay_counters(seen)
        yield from _about_rooms(seen)
        yield from _about_peers(seen)


def _about_relay(seen: Observation) -> Iterator[Metric]:
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
    yield CounterMetricFamily(
        "softlan_relay_admin_restarts",
        "Times that the admin process was started again.",
        value=configuration.admin_restarts,
    )
    if seen.heartbeat_age is not None:
        yield GaugeMetricFamily(
            "softlan_relay_heartbeat_age_seconds",
            "Time since the forwarding half last said that it runs.",
            value=max(0.0, seen.heartbeat_age),
        )


def _leases(heartbeat: Heartbeat) -> Metric:
    return GaugeMetricFamily(
        "softlan_relay_leases",
        "Addresses leased, those that are kept for absent players too.",
        value=heartbeat.leases,
    )


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


def _relay_counters(seen: Observation) -> Iterator[Metric]:
    counters = TunnelMetrics("relay", labels=[])
    counters.add([], seen.snapshot.total(0))
    yield from counters.families()


def _about_rooms(seen: Observation) -> Iterator[Metric]:
    peers = GaugeMetricFamily("softlan_room_peers", "Endpoints in the room now.", labels=["room"])
    standbys = GaugeMetricFamily(
        "softlan_room_standby_gateways",
        "Gateways that wait for the place of the room's gateway now.",
        labels=["room"],
    )
    counters = TunnelMetrics("room", labels=["room"])
    for room in seen.rooms:
        peers.add_metric([room.room_id], len(seen.peers_by_room[room.room_id]))
        standbys.add_metric([room.room_id], room.standby_gateways)
        counters.add([room.room_id], seen.snapshot.total(room.block))
    yield peers
    yield standbys
    yield from counters.families()


def _about_peers(seen: Observation) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "softlan_peer_info",
        "An endpoint in a room; the value is 1.",
        labels=["room", "peer", "role"],
    )
    round_trip = GaugeMetricFamily(
        "softlan_peer_round_trip_seconds",
        "Smoothed round-trip time, as the relay measures it.",
        labels=["room", "peer"],
    )
    counters = TunnelMetrics("peer", labels=["room", "peer"])
    for peer in seen.peers():
        labels = [peer.room_id, str(peer.peer_id)]
        info.add_metric([*labels, peer.role.value], 1)
        measured = seen.snapshot.round_trip_seconds(peer.block)
        if measured is not None:
            round_trip.add_metric(labels, measured)
        counters.add(labels, seen.snapshot.own(peer.block))
    yield info
    yield round_trip
    yield from counters.families()
