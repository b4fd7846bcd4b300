from lanparty_obs import Cast, EgressDrop, IngressDrop, TunnelCounters
from lanparty_obs import counters as layout


def test_every_slot_is_inside_the_block_and_its_own() -> None:
    slots = [
        *layout.BlockSlot,
        layout.GENERATION,
        layout.CAPACITY,
        layout.RECEIVED,
        layout.RECEIVED_BYTES,
        layout.CHOSEN,
        layout.SENT,
        layout.SENT_BYTES,
        layout.QUEUED,
        layout.CUT,
        layout.PIECES,
        layout.ROUND_TRIP_MICROSECONDS,
        *layout.FORWARDED.values(),
        *layout.DROPPED_INGRESS.values(),
        *layout.DROPPED_EGRESS.values(),
    ]
    assert len(set(slots)) == len(slots)
    assert all(0 <= slot < layout.SLOTS_PER_BLOCK for slot in slots)


def test_every_reason_has_a_slot() -> None:
    assert set(layout.FORWARDED) == set(Cast)
    assert set(layout.DROPPED_INGRESS) == set(IngressDrop)
    assert set(layout.DROPPED_EGRESS) == set(EgressDrop)


def test_a_block_is_read_from_its_own_slots_alone() -> None:
    slots = [0] * (3 * layout.SLOTS_PER_BLOCK)
    base = 1 * layout.SLOTS_PER_BLOCK
    slots[base + layout.RECEIVED] = 5
    slots[base + layout.FORWARDED[Cast.BROADCAST]] = 3
    slots[base + layout.DROPPED_INGRESS[IngressDrop.RUNT]] = 2
    slots[base + layout.DROPPED_EGRESS[EgressDrop.OVER_BUDGET]] = 1
    slots[base + layout.CUT] = 4
    slots[base + layout.PIECES] = 9
    read = TunnelCounters.from_block(slots, 1)
    assert read.received == 5
    assert read.forwarded[Cast.BROADCAST] == 3
    assert read.dropped_ingress[IngressDrop.RUNT] == 2
    assert read.dropped_egress[EgressDrop.OVER_BUDGET] == 1
    assert (read.cut, read.pieces) == (4, 9)
    neighbours = (TunnelCounters.from_block(slots, 0), TunnelCounters.from_block(slots, 2))
    assert all(other.received == 0 for other in neighbours)
    assert not any(sum(other.forwarded.values()) for other in neighbours)


def test_counters_add_reason_by_reason_and_an_absent_one_is_0() -> None:
    left = TunnelCounters(received=1, queued=2, forwarded={Cast.UNICAST: 3})
    right = TunnelCounters(received=4, forwarded={Cast.UNICAST: 5, Cast.BROADCAST: 6})
    total = left + right
    assert (total.received, total.queued) == (5, 2)
    assert total.forwarded[Cast.UNICAST] == 8
    assert total.forwarded[Cast.BROADCAST] == 6
    assert total.dropped_egress == dict.fromkeys(EgressDrop, 0)


def test_what_left_for_a_peer_counts_pieces_in_the_place_of_copies() -> None:
    whole = TunnelCounters(sent=10)
    in_pieces = TunnelCounters(sent=10, cut=3, pieces=7)
    assert whole.datagrams_sent == 10
    assert (whole + in_pieces).datagrams_sent == 10 + 14
