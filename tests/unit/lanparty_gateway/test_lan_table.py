"""The table of the LAN's addresses: ageing, bounds, and players who take theirs along."""

from lanparty_gateway.bridge.lan_table import AGEING_SECONDS, TABLE_LIMIT, LanTable


def mac(number: int) -> bytes:
    return b"\x02" + number.to_bytes(5)


def test_a_source_is_known_until_it_was_unseen_for_the_ageing_time() -> None:
    table = LanTable()
    table.learn(mac(1), now=0.0)
    table.learn(mac(1), now=100.0)
    assert table.knows(mac(1), now=100.0 + AGEING_SECONDS - 0.001)
    assert not table.knows(mac(1), now=100.0 + AGEING_SECONDS)
    assert not table.knows(mac(2), now=0.0)


def test_the_aged_are_let_go_and_the_others_stay() -> None:
    table = LanTable()
    for number in range(10):
        table.learn(mac(number), now=float(number))
    table.expire(now=AGEING_SECONDS + 4.0)
    assert len(table) == 5
    assert table.evicted == 0
    table.expire(now=AGEING_SECONDS * 2)
    assert len(table) == 0


def test_a_flood_of_sources_takes_no_more_room_and_who_goes_on_sending_stays_known() -> None:
    table = LanTable()
    for number in range(100_000):
        now = number / 10_000
        table.learn(mac(number), now=now)
        if number % 1_000 == 0:
            table.learn(b"\x00printer", now=now)
    assert len(table) == TABLE_LIMIT
    assert table.knows(b"\x00printer", now=10.0)
    assert table.evicted == 100_001 - TABLE_LIMIT


def test_a_full_table_of_old_entries_makes_room_without_counting_an_eviction() -> None:
    table = LanTable(limit=2)
    table.learn(mac(1), now=0.0)
    table.learn(mac(2), now=0.0)
    table.learn(mac(3), now=AGEING_SECONDS)
    assert (len(table), table.evicted) == (2, 0)


def test_an_address_that_is_left_to_a_player_is_forgotten_and_counted_as_moved() -> None:
    table = LanTable()
    table.learn(mac(1), now=0.0)
    assert mac(1) in table
    table.give_up(mac(1))
    assert mac(1) not in table
    assert table.moves == 1
