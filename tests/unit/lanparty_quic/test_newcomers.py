"""What waits of those without a finished handshake: in turn, bounded, and little in each turn."""

from ipaddress import IPv4Address

from lanparty_quic import ConnectionKey, EndpointLimits
from lanparty_quic.newcomers import HANDSHAKE_WORK, NewcomerQueues

FLOODER = IPv4Address("192.0.2.1")
PLAYER = IPv4Address("198.51.100.7")


def queues(*, packets: int = 1024, work: int = 32) -> NewcomerQueues[str]:
    return NewcomerQueues(EndpointLimits(newcomer_packets=packets, newcomer_work_per_turn=work))


def turn(waiting: NewcomerQueues[str], work: int) -> list[str]:
    """Take what a turn allows, when each packet causes so much work."""
    waiting.begin_turn()
    packets = []
    while (taken := waiting.take()) is not None:
        packets.append(taken[1])
        waiting.charge(work)
    return packets


def test_a_turn_ends_with_its_work() -> None:
    waiting = queues(work=32)
    for serial in range(60):
        waiting.push_first(IPv4Address(serial), str(serial), claims_proof=False)
    assert len(turn(waiting, HANDSHAKE_WORK)) == 1
    assert len(turn(waiting, 1)) == 32
    assert len(turn(waiting, 1)) == 27
    assert turn(waiting, 1) == []
    assert len(waiting) == 0


def test_each_source_has_its_turn() -> None:
    waiting = queues()
    for serial in range(40):
        waiting.push_first(FLOODER, f"flood{serial}", claims_proof=False)
    waiting.push_first(PLAYER, "player", claims_proof=False)
    assert turn(waiting, 10) == ["flood0", "player", "flood1", "flood2"]


def test_proven_ones_and_handshakes_that_go_on_do_not_wait_for_a_flood_of_forged_ones() -> None:
    waiting = queues()
    for serial in range(500):
        waiting.push_first(IPv4Address(serial), "flood", claims_proof=False)
    waiting.push_first(PLAYER, "proven", claims_proof=True)
    waiting.push_further(ConnectionKey(3), "further")
    assert sorted(turn(waiting, 10)) == ["flood", "flood", "further", "proven"]


def test_a_flood_of_one_kind_leaves_the_others_their_room() -> None:
    waiting = queues(packets=100)
    taken = sum(
        waiting.push_first(IPv4Address(serial), "flood", claims_proof=False)
        for serial in range(1000)
    )
    assert taken == 100
    assert waiting.push_first(PLAYER, "proven", claims_proof=True)
    assert waiting.push_further(ConnectionKey(1), "further")
    assert len(waiting) == 102


def test_one_source_does_not_fill_the_room_of_all() -> None:
    waiting = queues(packets=100)
    taken = sum(waiting.push_first(FLOODER, "flood", claims_proof=False) for _ in range(1000))
    assert taken == 50
    assert waiting.push_first(PLAYER, "player", claims_proof=False)


def test_a_first_packet_has_no_key_and_a_further_one_has() -> None:
    waiting = queues()
    waiting.push_first(PLAYER, "first", claims_proof=False)
    waiting.push_further(ConnectionKey(9), "further")
    waiting.begin_turn()
    taken = {waiting.take(), waiting.take()}
    assert taken == {(None, "first"), (ConnectionKey(9), "further")}


def test_what_waits_of_a_connection_goes_with_it() -> None:
    waiting = queues()
    waiting.push_further(ConnectionKey(9), "a")
    waiting.push_further(ConnectionKey(9), "b")
    waiting.push_further(ConnectionKey(8), "c")
    assert waiting.forget(ConnectionKey(9)) == 2
    assert waiting.forget(ConnectionKey(9)) == 0
    assert turn(waiting, 1) == ["c"]
