"""What memory a relay may need, and what it says that it has."""

from dataclasses import replace

from lanparty_quic import EndpointHolds, EndpointLimits, EndpointStatistics
from lanparty_relay.core import CONTROL_BYTES_IN_ALL
from lanparty_relay.memory_budget import MemoryPart, budget_of, resident_bytes, used_memory

LIMITS = EndpointLimits()
IDLE = EndpointStatistics(
    packets_received=0,
    packets_routed=0,
    packets_sent=0,
    packets_dropped={},
    socket_overflows=0,
    connections=0,
)


def test_every_part_has_a_bound() -> None:
    budget = budget_of(LIMITS, rooms=10, peers=100, counter_slots=64)
    assert set(budget) == set(MemoryPart)
    assert all(budget.values())


def test_fewer_players_need_less() -> None:
    few = budget_of(replace(LIMITS, maximum_connections=100), rooms=9, peers=90, counter_slots=64)
    many = budget_of(
        replace(LIMITS, maximum_connections=4000), rooms=9, peers=4000, counter_slots=64
    )
    assert sum(few.values()) < 256 * 1024 * 1024 < sum(many.values())


def test_what_is_held_at_every_bound_is_within_the_budget() -> None:
    budget = budget_of(LIMITS, rooms=10, peers=100, counter_slots=64)
    full = replace(
        IDLE,
        connections=LIMITS.maximum_connections,
        holds=EndpointHolds(
            packets_waiting=LIMITS.ingress_packets_in_all + 3 * LIMITS.newcomer_packets,
            bytes_queued=LIMITS.queued_bytes_in_all,
            packets_in_flight=LIMITS.packets_in_flight_in_all,
        ),
    )
    used = used_memory(budget, full, places=110, leases=100, control_bytes=CONTROL_BYTES_IN_ALL)
    assert set(used) == set(MemoryPart)
    assert all(used[part] <= budget[part] for part in MemoryPart)


def test_an_idle_relay_has_the_base_and_the_counters() -> None:
    budget = budget_of(LIMITS, rooms=10, peers=100, counter_slots=64)
    used = used_memory(budget, IDLE, places=0, leases=0, control_bytes=0)
    assert {part for part, size in used.items() if size} == {MemoryPart.BASE, MemoryPart.COUNTERS}


def test_the_systems_figure_is_of_this_process() -> None:
    resident = resident_bytes()
    assert resident is None or 5_000_000 < resident < 2_000_000_000
