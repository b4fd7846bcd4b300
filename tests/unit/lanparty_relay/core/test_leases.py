"""Leases of all rooms: who keeps which address, and for how long."""

from ipaddress import IPv4Address, IPv4Network

from lanparty_ctrl import RoomCode
from lanparty_proto import MacAddress
from lanparty_relay.core.lease_records import LeaseRecord, RememberedLease, RememberedRoom
from lanparty_relay.core.leases import LEASE_SECONDS, LeaseBook
from lanparty_relay.core.subnets import Cover, covers_of

KEY = bytes(32)
CODE = RoomCode("PARTY")
NOBODY: frozenset[Cover] = frozenset()


def mac(number: int) -> MacAddress:
    return MacAddress(b"\x02\x00\x00\x00" + number.to_bytes(2))


ANN, BOB = mac(1), mac(2)


def book_with_room(**options: int) -> tuple[LeaseBook, LeaseRecord]:
    book = LeaseBook(KEY, **options)
    return book, book.open(CODE, NOBODY, now=0)


def take(book: LeaseBook, room: LeaseRecord, who: MacAddress, *, now: float = 0) -> IPv4Address:
    return book.take(room, who, wanted=None, now=now)


def come_and_go(book: LeaseBook, room: LeaseRecord, who: MacAddress, *, now: float) -> IPv4Address:
    address = take(book, room, who, now=now)
    book.leave(room, who, now=now)
    return address


def test_two_clients_have_two_addresses_of_the_rooms_network() -> None:
    book, room = book_with_room()
    ann, bob = take(book, room, ANN), take(book, room, BOB)
    assert ann != bob
    assert {ann, bob} < set(room.network.hosts())


def test_who_comes_back_within_a_day_has_its_address_again_though_the_room_went() -> None:
    book, room = book_with_room()
    address = come_and_go(book, room, ANN, now=10)
    book.close(room)
    again = book.open(CODE, NOBODY, now=LEASE_SECONDS)
    assert take(book, again, ANN, now=LEASE_SECONDS + 9) == address


def test_nobody_else_gets_the_address_meanwhile() -> None:
    book, room = book_with_room()
    address = come_and_go(book, room, ANN, now=10)
    assert book.take(room, BOB, wanted=address, now=20) != address


def test_after_a_day_it_is_forgotten() -> None:
    book, room = book_with_room()
    address = come_and_go(book, room, ANN, now=10)
    assert book.take(room, BOB, wanted=address, now=10 + LEASE_SECONDS) == address
    assert len(book) == 1


def test_a_lease_does_not_run_out_while_its_client_is_there() -> None:
    book, room = book_with_room()
    address = take(book, room, ANN)
    assert book.take(room, BOB, wanted=address, now=10 * LEASE_SECONDS) != address


def test_a_wanted_address_is_given_if_it_is_free() -> None:
    book, room = book_with_room()
    wanted = room.network[77]
    assert book.take(room, ANN, wanted=wanted, now=0) == wanted
    assert book.take(room, BOB, wanted=wanted, now=0) != wanted


def test_a_wanted_address_goes_before_the_one_that_was_had_and_that_one_is_free_again() -> None:
    book, room = book_with_room()
    had = come_and_go(book, room, ANN, now=0)
    wanted = room.network[77 if had != room.network[77] else 78]
    assert book.take(room, ANN, wanted=wanted, now=1) == wanted
    assert book.take(room, BOB, wanted=had, now=1) == had
    assert len(book) == 2


def test_a_wanted_address_that_is_none_to_be_leased_means_nothing() -> None:
    book, room = book_with_room()
    for number, unfit in enumerate((room.network[0], room.network[1], room.network[255])):
        assert book.take(room, mac(number), wanted=unfit, now=0) != unfit
    elsewhere = IPv4Address("192.168.0.7")
    assert book.take(room, mac(9), wanted=elsewhere, now=0) in room.network


def test_a_full_room_gives_away_the_address_of_whoever_has_been_absent_longest() -> None:
    book, room = book_with_room()
    oldest = come_and_go(book, room, mac(1), now=1)
    for number in range(2, 254):
        take(book, room, mac(number), now=2)
    later = room.address(mac(200))
    book.leave(room, mac(200), now=3)
    assert len(book) == 253
    assert take(book, room, mac(300), now=4) == oldest
    assert take(book, room, mac(301), now=5) == later
    assert len(book) == 253


def test_a_relay_remembers_so_many_absent_clients_and_forgets_the_longest_absent() -> None:
    book, room = book_with_room(absent_limit=3)
    for number in range(5):
        come_and_go(book, room, mac(number), now=number)
    assert len(book) == 3
    assert list(room.hosts) == [mac(2), mac(3), mac(4)]


def test_rooms_of_other_codes_and_relays_with_other_keys_have_other_networks() -> None:
    books = (LeaseBook(KEY), CODE), (LeaseBook(KEY), RoomCode("X2Y3")), (LeaseBook(b"k" * 32), CODE)
    networks = {book.open(code, NOBODY, now=0).network for book, code in books}
    assert len(networks) == 3


def test_a_room_that_is_made_again_keeps_its_network_unless_it_is_in_its_makers_way() -> None:
    book, room = book_with_room()
    first = room.network
    address = come_and_go(book, room, ANN, now=0)
    book.close(room)
    assert book.open(CODE, NOBODY, now=1).network == first
    book.close(room)
    moved = book.open(CODE, covers_of([first]), now=2)
    assert not moved.network.overlaps(first)
    assert int(take(book, moved, ANN, now=2)) & 0xFF == int(address) & 0xFF


def test_a_room_moves_only_to_a_network_that_is_less_in_the_way() -> None:
    book, room = book_with_room()
    everything = covers_of([IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1")])
    before = room.network
    assert not book.move(room, everything)
    assert room.network == before
    assert room.accepted_overlap == 1
    assert book.move(room, everything | covers_of([before]))
    assert not room.network.overlaps(before)


def test_changes_are_told_once_and_without_the_code() -> None:
    book, room = book_with_room()
    take(book, room, ANN)
    (changed,) = book.changes().values()
    assert changed == RememberedRoom(
        room.key, room.network, (RememberedLease(ANN, room.hosts[ANN], None),)
    )
    assert "PARTY" not in repr(changed)
    assert not book.changes()
    book.leave(room, ANN, now=5)
    (changed,) = book.changes().values()
    assert changed is not None
    assert changed.leases == (RememberedLease(ANN, room.hosts[ANN], 5),)


def test_a_room_without_leases_is_told_as_forgotten() -> None:
    book, room = book_with_room()
    book.close(room)
    assert book.changes() == {room.key: None}


def test_what_was_remembered_is_taken_over_by_a_later_relay() -> None:
    book, room = book_with_room()
    ann, bob = take(book, room, ANN), come_and_go(book, room, BOB, now=5)
    later = LeaseBook(KEY)
    later.restore([each for each in book.changes().values() if each is not None], now=1_000)
    again = later.open(CODE, NOBODY, now=1_001)
    assert again.network == room.network
    assert take(later, again, BOB, now=1_001) == bob
    # Ann was there when the relay went, so her day began with the new one.
    assert take(later, again, ANN, now=1_000 + LEASE_SECONDS - 1) == ann


def test_what_ran_out_while_the_relay_was_down_is_not_taken_over() -> None:
    book, room = book_with_room()
    come_and_go(book, room, ANN, now=5)
    later = LeaseBook(KEY)
    remembered = [each for each in book.changes().values() if each is not None]
    later.restore(remembered, now=5 + LEASE_SECONDS)
    assert len(later) == 0
    assert later.changes() == {room.key: None}


def test_a_time_of_leaving_that_is_yet_to_come_is_now() -> None:
    room = RememberedRoom("ab" * 16, IPv4Network("10.171.5.0/24"), (RememberedLease(ANN, 7, 9e9),))
    later = LeaseBook(KEY)
    later.restore([room], now=100)
    (changed,) = later.changes().values()
    assert changed is not None
    assert changed.leases[0].left_at == 100
