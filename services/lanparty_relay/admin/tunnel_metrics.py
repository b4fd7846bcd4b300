"""Tunnel counters as metric families, the same for the relay, its rooms and their peers."""

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from lanparty_obs.counters import TunnelCounters

__all__ = ["TunnelMetrics"]


class TunnelMetrics:
    """The families of one part: `relay`, `room` or `peer`."""

    def __init__(self, part: str, *, labels: Sequence[str]) -> None:
        def counter(name: str, text: str, *more: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"softlan_{part}_{name}", text, labels=[*labels, *more])

        self._received: Final = counter("received_datagrams", "Overlay datagrams received.")
        self._received_bytes: Final = counter("received_bytes", "Bytes of datagrams received.")
        self._forwarded: Final = counter(
            "forwarded_datagrams", "Datagrams received of which a copy was chosen, by cast.", "cast"
        )
        self._dropped: Final = counter(
            "dropped_datagrams", "Datagrams received of which no copy was, by reason.", "reason"
        )
        self._chosen: Final = counter("chosen_copies", "Copies of datagrams chosen to be sent.")
        self._sent: Final = counter("sent_copies", "Copies of datagrams sent.")
        self._sent_bytes: Final = counter("sent_bytes", "Bytes of copies sent.")
        self._dropped_copies: Final = counter(
            "dropped_copies", "Copies chosen and then dropped, by reason.", "reason"
        )
        self._cut: Final = counter("cut_copies", "Copies sent that left in pieces.")
        self._pieces: Final = counter("sent_pieces", "Pieces sent of copies that had been cut.")
        self._queued: Final = GaugeMetricFamily(
            f"softlan_{part}_queued_copies", "Copies that wait now.", labels=labels
        )

    def add(self, labels: Sequence[str], counters: TunnelCounters) -> None:
        """Add the counters of one relay, room or peer."""
        self._received.add_metric(labels, counters.received)
        self._received_bytes.add_metric(labels, counters.received_bytes)
        self._chosen.add_metric(labels, counters.chosen)
        self._sent.add_metric(labels, counters.sent)
        self._sent_bytes.add_metric(labels, counters.sent_bytes)
        self._cut.add_metric(labels, counters.cut)
        self._pieces.add_metric(labels, counters.pieces)
        self._queued.add_metric(labels, counters.queued)
        for cast, count in counters.forwarded.items():
            self._forwarded.add_metric([*labels, cast.value], count)
        for ingress_reason, count in counters.dropped_ingress.items():
            self._dropped.add_metric([*labels, ingress_reason.value], count)
        for egress_reason, count in counters.dropped_egress.items():
            self._dropped_copies.add_metric([*labels, egress_reason.value], count)

    def families(self) -> Iterator[Metric]:
        """Give the families."""
        yield self._received
        yield self._received_bytes
        yield self._forwarded
        yield self._dropped
        yield self._chosen
        yield self._sent
        yield self._sent_bytes
        yield self._dropped_copies
        yield self._cut
        yield self._pieces
        yield self._queued
