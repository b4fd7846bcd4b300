"""Metrics for Prometheus: each family once, rooms and peers by public id, series go with them.

Names follow Prometheus's rules: `softlan_<part>_<thing>_<unit>[_total]`, base units, label values
from closed sets (`lanparty_obs`) but for the public ids of rooms and peers.
"""

import asyncio
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lanparty_relay.admin.observation import Observation, Observer
from lanparty_relay.admin.relay_metrics import about_heartbeat, about_relay
from lanparty_relay.admin.tunnel_metrics import TunnelMetrics

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
        yield from about_relay(seen)
        if seen.heartbeat is not None:
            yield from about_heartbeat(seen.heartbeat)
        yield from _relay_counters(seen)
        yield from _round_trips(seen)
        yield from _about_rooms(seen)
        if seen.configuration.peer_metrics:
            yield from _about_peers(seen)


def _relay_counters(seen: Observation) -> Iterator[Metric]:
    counters = TunnelMetrics("relay", labels=[])
    counters.add([], seen.snapshot.total(0))
    yield from counters.families()


def _round_trips(seen: Observation) -> Iterator[Metric]:
    """Give what a board shows of all peers, also where the peers have no series. None of none."""
    each = (seen.snapshot.round_trip_seconds(peer.block) for peer in seen.peers())
    measured = [seconds for seconds in each if seconds is not None]
    if measured:
        yield GaugeMetricFamily(
            "softlan_relay_round_trip_median_seconds",
            "Median of the peers' round-trip times; absent while none is measured.",
            value=median(measured),
        )
        yield GaugeMetricFamily(
            "softlan_relay_round_trip_longest_seconds",
            "Longest of the peers' round-trip times; absent while none is measured.",
            value=max(measured),
        )


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
