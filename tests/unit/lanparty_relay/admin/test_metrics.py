import re
import subprocess
from typing import Protocol

from prometheus_client.parser import text_string_to_metric_families

from lanparty_relay.admin.metrics import MetricsPage
from lanparty_relay.admin.state import RelayState


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    now: float
    state: RelayState
    metrics: MetricsPage

    def open_room(self, room_id: str = "room1") -> int: ...
    def join(self, room_block: int, peer_id: int = 1, *, room_id: str = "room1") -> int: ...
    def count(self, block: int) -> None: ...


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def samples_of(relay: Relay) -> Samples:
    text = (await relay.metrics.text()).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


async def test_relay_room_and_peer_have_their_counters(relay: Relay) -> None:
    samples = await samples_of(relay)
    peer = {"room": "room1", "peer": "1"}
    assert samples["softlan_relay_received_datagrams_total", ()] == 20
    assert samples["softlan_room_received_datagrams_total", labels(room="room1")] == 20
    assert samples["softlan_peer_received_datagrams_total", labels(**peer)] == 10
    assert samples["softlan_peer_received_bytes_total", labels(**peer)] == 1000
    forwarded = samples["softlan_peer_forwarded_datagrams_total", labels(**peer, cast="unicast")]
    assert forwarded == 4
    spoofed = "softlan_peer_dropped_datagrams_total"
    assert samples[spoofed, labels(**peer, reason="mac_spoof")] == 3
    late = "softlan_peer_dropped_copies_total"
    assert samples[late, labels(**peer, reason="queue_timeout")] == 2
    assert samples["softlan_peer_queued_copies", labels(**peer)] == 1
    assert samples["softlan_peer_cut_copies_total", labels(**peer)] == 2
    assert samples["softlan_peer_sent_pieces_total", labels(**peer)] == 5
    assert samples["softlan_peer_round_trip_seconds", labels(**peer)] == 0.025
    assert samples["softlan_peer_info", labels(**peer, role="client")] == 1


async def test_what_happens_before_admission_is_there(relay: Relay) -> None:
    samples = await samples_of(relay)
    assert samples["softlan_relay_packets_received_total", ()] == 50
    assert samples["softlan_relay_packets_dropped_total", labels(reason="malformed")] == 5
    assert samples["softlan_relay_socket_overflows_total", ()] == 7
    assert samples["softlan_relay_handshakes_pending", ()] == 3
    assert samples["softlan_relay_handshakes_failed_total", labels(reason="timeout")] == 6
    assert samples["softlan_relay_handshakes_failed_total", labels(reason="tls")] == 0
    assert samples["softlan_relay_retry_active", ()] == 1
    assert samples["softlan_relay_sessions_rejected_total", labels(code="room_unknown")] == 2
    assert samples["softlan_relay_session_faults_total", labels(fault="second_hello")] == 1
    assert samples["softlan_relay_admin_restarts_total", ()] == 2


async def test_what_never_happened_is_there_as_zero(relay: Relay) -> None:
    samples = await samples_of(relay)
    assert samples["softlan_relay_sessions_rejected_total", labels(code="mac_in_use")] == 0


async def test_the_limits_are_there_to_compare_with(relay: Relay) -> None:
    samples = await samples_of(relay)
    assert samples["softlan_relay_rooms_limit", ()] == 10
    assert samples["softlan_relay_peers_limit", ()] == 100


async def test_remembered_leases_are_counted_without_saying_whose(relay: Relay) -> None:
    samples = await samples_of(relay)
    assert samples["softlan_relay_leases", ()] == 7
    assert not [name for name, found in samples if "lease" in name and found]


async def test_what_endpoints_claim_is_in_no_metric(relay: Relay) -> None:
    assert 999 not in (await samples_of(relay)).values()


async def test_no_secret_name_or_mac_is_a_label(relay: Relay) -> None:
    text = (await relay.metrics.text()).decode()
    for forbidden in ("ABCDE12345F", "Ada", "02:00:00:00:00:01", "192.0.2.7"):
        assert forbidden not in text


async def test_a_peers_series_go_with_it(relay: Relay) -> None:
    await relay.metrics.text()
    other = relay.open_room("room2")
    relay.join(other, 1, room_id="room2")
    relay.now += 1
    assert any(("room", "room2") in names for _, names in await samples_of(relay))
    assert await relay.state.kick("room2", 1)
    relay.now += 1
    left = {names for _, names in await samples_of(relay) if ("room", "room2") in names}
    assert not any(("peer", "1") in names for names in left)
    assert left


async def test_peers_without_series_are_told_so_and_count_in_their_rooms(relay: Relay) -> None:
    assert (await samples_of(relay))["softlan_relay_peer_metrics", ()] == 1
    relay.state.receive(relay.state.configuration.model_copy(update={"peer_metrics": False}))
    relay.now += 1
    samples = await samples_of(relay)
    assert samples["softlan_relay_peer_metrics", ()] == 0
    assert not any(name.startswith("softlan_peer_") for name, _ in samples)
    assert samples["softlan_room_received_datagrams_total", labels(room="room1")] == 20
    assert samples["softlan_room_peers", labels(room="room1")] == 2
    assert samples["softlan_relay_round_trip_median_seconds", ()] == 0.025
    assert samples["softlan_relay_round_trip_longest_seconds", ()] == 0.025


async def test_a_page_is_given_again_within_a_second(relay: Relay) -> None:
    first = await relay.metrics.text()
    relay.open_room("room2")
    relay.now += 0.9
    assert await relay.metrics.text() is first
    relay.now += 0.1
    assert b"room2" in await relay.metrics.text()


async def test_before_the_first_heartbeat_there_is_what_is_known(bare: Relay) -> None:
    samples = await samples_of(bare)
    assert samples["softlan_relay_rooms", ()] == 0
    assert ("softlan_relay_round_trip_median_seconds", ()) not in samples
    assert ("softlan_relay_packets_received_total", ()) not in samples


async def test_every_family_has_help_and_type_and_its_own_name(relay: Relay) -> None:
    text = (await relay.metrics.text()).decode()
    helped = re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE)
    typed = re.findall(r"^# TYPE (\S+) (counter|gauge)$", text, re.MULTILINE)
    assert helped == [name for name, _ in typed]
    assert len(helped) == len(set(helped))
    for name, kind in typed:
        assert re.fullmatch(r"softlan_(relay|room|peer)_[a-z_]+", name)
        assert name.endswith("_total") == (kind == "counter")


async def test_promtool_has_nothing_to_say(relay: Relay, promtool: str) -> None:
    check = subprocess.run(  # noqa: ASYNC221  nothing else runs in this loop
        [promtool, "check", "metrics"],
        input=await relay.metrics.text(),
        capture_output=True,
        check=False,
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, b"", b"")
