"""What every endpoint promises, whichever engine runs it and whatever wire carries it."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import EgressDrop
from lanparty_quic import (
    AddressChanged,
    CertificateAuthority,
    Connected,
    ConnectionKey,
    EndpointLimits,
    PinnedKey,
    QueueLimits,
)

if TYPE_CHECKING:
    from tests.contract.conftest import Actor, World

SHORT = EndpointLimits(handshake_timeout=0.5, idle_timeout=1.0, keep_alive=0.2)


class Pair:
    """A relay and a player with a connection between them."""

    def __init__(
        self, relay: "Actor", player: "Actor", at_relay: ConnectionKey, at_player: ConnectionKey
    ) -> None:
        self.relay = relay
        self.player = player
        self.at_relay = at_relay
        self.at_player = at_player


async def make_pair(
    world: "World", limits: EndpointLimits | None = None, *, nat: bool = False
) -> Pair:
    relay = await world.listen(limits)
    player = await world.player(limits)
    key = await world.dial(player, relay, nat=nat)
    await world.until(lambda: bool(relay.connected() and player.connected()))
    return Pair(relay, player, relay.connected()[0], key)


def counts(actor: "Actor") -> Counter[EgressDrop | None]:
    counter: Counter[EgressDrop | None] = Counter()
    for outcome in actor.outcomes:
        counter[outcome.reason] += outcome.count
    return counter


# The handshake


async def test_a_dialed_connection_is_told_once_on_both_sides(world: "World") -> None:
    pair = await make_pair(world)
    assert [type(event) for event in pair.player.events] == [Connected]
    assert [type(event) for event in pair.relay.events] == [Connected]
    assert pair.player.connected() == [pair.at_player]


async def test_two_players_have_two_connections(world: "World") -> None:
    pair = await make_pair(world)
    second = await world.player()
    key = await world.dial(second, pair.relay)
    await world.until(lambda: len(pair.relay.connected()) == 2)
    await world.until(lambda: second.connected() == [key])
    assert len(set(pair.relay.connected())) == 2
    assert pair.relay.endpoint.endpoint_statistics().connections == 2


async def test_nobody_at_the_address_is_unreachable_after_the_timeout(world: "World") -> None:
    player = await world.player(SHORT)
    key = await world.dial_nobody(player)
    await world.until(lambda: bool(player.closed()))
    (closed,) = player.closed()
    assert (closed.connection, closed.end) == (key, SessionEnd.RELAY_UNREACHABLE)
    assert not player.connected()


async def test_a_wrong_pin_ends_it_before_anything_but_the_handshake_is_sent(
    world: "World",
) -> None:
    relay = await world.listen()
    player = await world.player()
    key = await world.dial(player, relay, trust=PinnedKey("sha256:" + "A" * 43))
    player.send_control(key, b"the room code")
    player.queue([(key, 1, b"a frame")])
    await world.until(lambda: bool(player.closed()))
    await world.pass_time(0.2)
    assert player.closed()[0].end is SessionEnd.PIN
    assert not player.closed()[0].by_peer
    assert not player.connected()
    assert relay.events == []
    assert relay.payloads == {}
    assert counts(player) == {EgressDrop.DESTINATION_LEFT: 1}
    # The first flight and the close; on a real clock the flight may be repeated.
    assert not world.simulated or player.endpoint.endpoint_statistics().packets_sent == 2


async def test_a_certificate_of_no_known_authority_ends_it(world: "World") -> None:
    relay = await world.listen()
    player = await world.player()
    await world.dial(player, relay, trust=CertificateAuthority())
    await world.until(lambda: bool(player.closed()))
    assert player.closed()[0].end is SessionEnd.CERTIFICATE
    await world.pass_time(0.1)
    assert relay.events == []


async def test_more_connections_than_allowed_are_not_answered(world: "World") -> None:
    relay = await world.listen(EndpointLimits(maximum_connections=1))
    first = await world.player()
    await world.dial(first, relay)
    await world.until(lambda: bool(first.connected()))
    second = await world.player(SHORT)
    await world.dial(second, relay)
    await world.until(lambda: bool(second.closed()))
    assert second.closed()[0].end is SessionEnd.RELAY_UNREACHABLE


# The control stream


@pytest.mark.parametrize("cut", [1, 7, 1000, 40_000])
async def test_control_bytes_arrive_in_order_whatever_their_cut(world: "World", cut: int) -> None:
    pair = await make_pair(world)
    size = 40_000 if cut > 7 else 400
    up = bytes(index % 251 for index in range(size))
    down = up[::-1]
    for start in range(0, size, cut):
        pair.player.send_control(pair.at_player, up[start : start + cut])
    await world.until(lambda: pair.relay.control(pair.at_relay) == up)
    for start in range(0, size, cut):
        pair.relay.send_control(pair.at_relay, down[start : start + cut])
    await world.until(lambda: pair.player.control(pair.at_player) == down)


async def test_control_bytes_far_beyond_the_window_still_arrive(world: "World") -> None:
    pair = await make_pair(world, EndpointLimits(stream_window=16_384))
    data = b"0123456789abcdef" * 20_000
    pair.player.send_control(pair.at_player, data)
    await world.until(lambda: pair.relay.control(pair.at_relay) == data, seconds=20)


async def test_the_control_backlog_is_what_the_peer_has_not_acknowledged(world: "World") -> None:
    pair = await make_pair(world, nat=True)
    pair.player.send_control(pair.at_player, b"hello")
    await world.until(lambda: pair.relay.control(pair.at_relay) == b"hello")
    await world.until(lambda: backlog(pair) == 0)
    await world.cut(pair.player)
    pair.player.send_control(pair.at_player, b"x" * 3000)
    await world.pass_time(0.1)
    assert backlog(pair) == 3000


def backlog(pair: Pair) -> int:
    statistics = pair.player.endpoint.statistics(pair.at_player)
    assert statistics is not None
    return statistics.control_backlog


# Datagrams and their outcomes


async def test_datagrams_arrive_both_ways_and_are_counted_as_sent(world: "World") -> None:
    pair = await make_pair(world)
    up = [bytes([index]) * (index + 1) for index in range(5)]
    down = [bytes([index]) * 1150 for index in range(5)]
    pair.player.queue([(pair.at_player, 0, payload) for payload in up])
    pair.relay.queue([(pair.at_relay, index, payload) for index, payload in enumerate(down)])
    await world.until(lambda: pair.relay.received(pair.at_relay) == up)
    await world.until(lambda: sorted(pair.player.received(pair.at_player)) == down)
    assert counts(pair.player) == {None: 5}
    assert {outcome.flow for outcome in pair.relay.outcomes} == set(range(5))
    assert sum(outcome.size for outcome in pair.relay.outcomes) == 5 * 1150


async def test_the_budget_is_exact_and_what_exceeds_it_blocks_nothing(world: "World") -> None:
    pair = await make_pair(world)
    statistics = pair.player.endpoint.statistics(pair.at_player)
    assert statistics is not None
    largest = b"L" * statistics.datagram_budget
    pair.player.queue([(pair.at_player, 1, largest + b"!"), (pair.at_player, 1, largest)])
    pair.player.queue([(pair.at_player, 1, b"after")])
    await world.until(lambda: pair.relay.received(pair.at_relay) == [largest, b"after"])
    assert counts(pair.player) == {EgressDrop.OVER_BUDGET: 1, None: 2}
    assert statistics.datagram_budget >= 1150


def halves(payload: bytes, budget: int, serial: int) -> list[bytes]:
    """A cutter that writes the serial's last byte before each half."""
    middle = len(payload) // 2
    mark = bytes([serial & 0xFF])
    return [mark + payload[:middle], mark + payload[middle:]]


async def cutting_pair(world: "World", accepted: int) -> Pair:
    """Two that are connected; the relay cuts what is over what the player accepts."""
    limits = EndpointLimits(queue=QueueLimits(maximum_wait=5.0))
    relay = await world.listen(limits, cutter=halves)
    player = await world.player()
    at_player = await world.dial(player, relay)
    await world.until(lambda: bool(relay.connected()) and bool(player.connected()))
    at_relay = relay.connected()[0]
    relay.order(lambda now: relay.endpoint.limit_datagrams(at_relay, accepted))
    return Pair(relay, player, at_relay, at_player)


async def test_what_the_peer_does_not_accept_is_over_budget(world: "World") -> None:
    pair = await make_pair(world)
    pair.player.order(lambda now: pair.player.endpoint.limit_datagrams(pair.at_player, 1000))
    pair.player.queue([(pair.at_player, 1, b"x" * size) for size in (1001, 1000)])
    await world.until(lambda: pair.player.counted() == 2)
    assert counts(pair.player) == {EgressDrop.OVER_BUDGET: 1, None: 1}
    statistics = pair.player.endpoint.statistics(pair.at_player)
    assert statistics is not None
    assert statistics.datagram_budget == 1000


async def test_a_copy_over_budget_is_cut_and_has_one_outcome(world: "World") -> None:
    pair = await cutting_pair(world, 1000)
    copies = [b"a" * 1001, b"b" * 1000, b"c" * 1998, b"d" * 1999]
    pair.relay.queue([(pair.at_relay, 7, copy) for copy in copies])
    await world.until(lambda: len(pair.player.received(pair.at_player)) == 5)
    received = sorted(pair.player.received(pair.at_player), key=lambda payload: payload[1:])
    assert [payload[1:] for payload in received] == [
        b"a" * 500,
        b"a" * 501,
        b"b" * 999,
        b"c" * 999,
        b"c" * 999,
    ]
    a, also_a, _, c, also_c = (payload[0] for payload in received)
    assert (also_a, c, also_c) == (a, (a + 1) & 0xFF, (a + 1) & 0xFF)
    await world.until(lambda: pair.relay.counted() == 4)
    # Of the last one the cutter makes a piece that is too large as well.
    assert counts(pair.relay) == {None: 3, EgressDrop.OVER_BUDGET: 1}
    assert sum(outcome.size for outcome in pair.relay.outcomes) == sum(map(len, copies))
    assert sum(outcome.cut for outcome in pair.relay.outcomes) == 2
    assert sum(outcome.pieces for outcome in pair.relay.outcomes) == 4


async def test_many_cut_copies_of_several_flows_all_arrive(world: "World") -> None:
    pair = await cutting_pair(world, 1000)
    copies = [(pair.at_relay, index % 3, bytes([65 + index]) * 1100) for index in range(30)]
    pair.relay.queue(copies)
    await world.until(lambda: pair.relay.counted() == 30)
    assert counts(pair.relay) == {None: 30}
    await world.until(lambda: len(pair.player.received(pair.at_player)) == 60)
    whole: dict[int, bytes] = {}
    for piece in sorted(pair.player.received(pair.at_player)):
        whole[piece[0]] = whole.get(piece[0], b"") + piece[1:]
    assert sorted(whole.values()) == [payload for _, _, payload in copies]


async def test_a_full_queue_drops_and_every_copy_has_one_outcome(world: "World") -> None:
    limits = EndpointLimits(queue=QueueLimits(maximum_bytes=20_000, maximum_wait=5.0))
    pair = await make_pair(world, limits)
    pair.player.queue([(pair.at_player, index % 3, b"x" * 1000) for index in range(600)])
    await world.until(lambda: pair.player.counted() == 600)
    counted = counts(pair.player)
    assert counted[EgressDrop.QUEUE_OVERFLOW] >= 580
    assert counted[None] == 600 - counted[EgressDrop.QUEUE_OVERFLOW]
    assert all(outcome.size == outcome.count * 1000 for outcome in pair.player.outcomes)


async def test_what_waits_too_long_is_dropped(world: "World") -> None:
    limits = EndpointLimits(queue=QueueLimits(maximum_wait=0.0))
    pair = await make_pair(world, limits)
    pair.player.queue([(pair.at_player, 1, b"late")] * 7)
    await world.until(lambda: pair.player.counted() == 7)
    assert counts(pair.player) == {EgressDrop.QUEUE_TIMEOUT: 7}


async def test_a_close_gives_what_waits_its_outcome(world: "World") -> None:
    pair = await make_pair(world)

    def queue_and_close(now: float) -> None:
        endpoint = pair.player.endpoint
        endpoint.queue([(pair.at_player, 4, b"x" * 100)] * 9, now=now)
        endpoint.close_connection(pair.at_player, end=SessionEnd.LEFT, text="")
        endpoint.queue([(pair.at_player, 4, b"x" * 100)], now=now)

    pair.player.order(queue_and_close)
    await world.until(lambda: bool(pair.player.closed()))
    assert counts(pair.player) == {EgressDrop.DESTINATION_LEFT: 10}


async def test_an_unknown_connection_gets_an_outcome_and_no_error(world: "World") -> None:
    player = await world.player()
    nobody = ConnectionKey(4711)
    player.queue([(nobody, 2, b"abc")])
    player.send_control(nobody, b"abc")
    player.close(nobody, SessionEnd.LEFT)
    await world.until(lambda: player.counted() == 1)
    assert counts(player) == {EgressDrop.DESTINATION_LEFT: 1}
    assert player.endpoint.statistics(nobody) is None
    assert player.events == []


async def test_a_small_flow_passes_a_large_one(world: "World") -> None:
    limits = EndpointLimits(queue=QueueLimits(maximum_bytes=1_000_000, maximum_wait=5.0))
    pair = await make_pair(world, limits)
    bulk = [(pair.at_player, 1, b"bulk" * 250)] * 200
    game = [(pair.at_player, 2, b"game%d" % index) for index in range(3)]
    pair.player.queue([*bulk, *game])
    await world.until(lambda: len(pair.relay.received(pair.at_relay)) >= 30)
    early = pair.relay.received(pair.at_relay)[:10]
    assert [payload for payload in early if payload.startswith(b"game")] == [
        payload for _, _, payload in game
    ]


async def test_who_causes_more_work_waits_for_who_causes_less(world: "World") -> None:
    limits = EndpointLimits(work_per_turn=8)
    pair = await make_pair(world, limits)
    other = await world.player()
    await world.dial(other, pair.relay)
    await world.until(lambda: len(pair.relay.connected()) == 2 and bool(other.connected()))
    loud, quiet = pair.relay.connected()
    pair.relay.endpoint.charge(loud, 1000)
    pair.relay.endpoint.charge(ConnectionKey(4711), 1)
    pair.player.queue([(pair.at_player, 1, b"loud")])
    other.queue([(other.connected()[0], 1, b"quiet")])
    await world.until(lambda: len(pair.relay.payloads) == 2)
    assert pair.relay.received(loud) == [b"loud"]
    assert pair.relay.received(quiet) == [b"quiet"]


# Ends


@pytest.mark.parametrize(
    "end", [SessionEnd.LEFT, SessionEnd.KICKED, SessionEnd.PROTOCOL_ERROR, SessionEnd.SHUTDOWN]
)
async def test_a_close_carries_its_code_from_the_relay(world: "World", end: SessionEnd) -> None:
    pair = await make_pair(world)
    pair.player.send_control(pair.at_player, b"hello")
    await world.until(lambda: pair.relay.control(pair.at_relay) == b"hello")
    pair.relay.send_control(pair.at_relay, b"farewell")
    pair.relay.close(pair.at_relay, end, "a text")
    await world.until(lambda: bool(pair.player.closed() and pair.relay.closed()))
    theirs, ours = pair.player.closed()[0], pair.relay.closed()[0]
    assert (theirs.end, theirs.text, theirs.by_peer) == (end, "a text", True)
    assert (ours.end, ours.text, ours.by_peer) == (end, "a text", False)
    assert pair.player.control(pair.at_player) == b"farewell"
    assert pair.player.events[-1] is theirs
    assert pair.relay.endpoint.statistics(pair.at_relay) is None


async def test_a_close_carries_its_code_from_the_player(world: "World") -> None:
    pair = await make_pair(world)
    pair.player.send_control(pair.at_player, b"leave")
    pair.player.close(pair.at_player, SessionEnd.LEFT, "bye")
    await world.until(lambda: bool(pair.relay.closed()))
    closed = pair.relay.closed()[0]
    assert (closed.end, closed.text, closed.by_peer) == (SessionEnd.LEFT, "bye", True)
    assert pair.relay.control(pair.at_relay) == b"leave"
    assert pair.relay.endpoint.endpoint_statistics().connections == 0


async def test_a_long_text_is_cut(world: "World") -> None:
    pair = await make_pair(world)
    pair.player.close(pair.at_player, SessionEnd.LEFT, "ä" * 5000)
    await world.until(lambda: bool(pair.relay.closed()))
    assert pair.relay.closed()[0].text.startswith("ää")
    assert len(pair.relay.closed()[0].text) <= 256
    assert len(pair.player.closed()[0].text) == 256


async def test_a_peer_that_vanishes_is_noticed_on_both_sides(world: "World") -> None:
    pair = await make_pair(world, SHORT, nat=True)
    await world.cut(pair.player)
    await world.until(lambda: bool(pair.relay.closed() and pair.player.closed()))
    assert pair.relay.closed()[0].end is SessionEnd.IDLE
    assert pair.player.closed()[0].end is SessionEnd.CONNECTION_LOST


async def test_silence_between_two_that_are_there_ends_nothing(world: "World") -> None:
    pair = await make_pair(world, SHORT)
    await world.pass_time(300 if world.simulated else 1.5)
    assert pair.relay.endpoint.statistics(pair.at_relay) is not None
    pair.player.queue([(pair.at_player, 1, b"still here")])
    await world.until(lambda: pair.relay.received(pair.at_relay) == [b"still here"])


# What a peer may do


async def test_a_changed_address_keeps_the_connection(world: "World") -> None:
    pair = await make_pair(world, nat=True)
    await world.rebind(pair.player)
    pair.player.queue([(pair.at_player, 1, b"from elsewhere")])
    await world.until(lambda: pair.relay.received(pair.at_relay) == [b"from elsewhere"])
    await world.until(lambda: isinstance(pair.relay.events[-1], AddressChanged))
    changed = pair.relay.events[-1]
    statistics = pair.relay.endpoint.statistics(pair.at_relay)
    assert isinstance(changed, AddressChanged)
    assert statistics is not None
    assert changed == AddressChanged(pair.at_relay, statistics.address)
    pair.relay.queue([(pair.at_relay, 1, b"to there")] * 20)
    await world.until(lambda: len(pair.player.received(pair.at_player)) == 20)
    assert not pair.player.closed()


# Figures


async def test_statistics_describe_the_connection(world: "World") -> None:
    pair = await make_pair(world)
    pair.player.queue([(pair.at_player, 1, b"x")] * 3)
    await world.until(lambda: len(pair.relay.received(pair.at_relay)) == 3)
    at_relay = pair.relay.endpoint.statistics(pair.at_relay)
    at_player = pair.player.endpoint.statistics(pair.at_player)
    assert at_relay is not None
    assert at_player is not None
    assert at_player.address[1] == pair.relay.endpoint.local_address[1]
    assert ":" not in at_relay.address[0]
    assert at_player.round_trip_time is not None
    assert 0 < at_player.round_trip_time < 1
    assert at_player.shortest_round_trip is not None
    assert 0 < at_player.shortest_round_trip <= max(at_player.round_trip_time, 0.001)
    assert at_player.queued == 0
    assert at_player.packets_lost == 0


async def test_endpoint_statistics_add_up(world: "World") -> None:
    pair = await make_pair(world)
    pair.player.queue([(pair.at_player, 1, b"x" * 1000)] * 20)
    await world.until(lambda: len(pair.relay.received(pair.at_relay)) == 20)
    statistics = pair.relay.endpoint.endpoint_statistics()
    dropped = sum(statistics.packets_dropped.values())
    assert statistics.packets_received == statistics.packets_routed + dropped
    assert statistics.packets_received >= 20
    assert statistics.packets_sent > 0
    assert statistics.socket_overflows == 0
