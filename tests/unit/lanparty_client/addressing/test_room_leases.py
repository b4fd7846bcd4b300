"""The relay's leases: the newest first, and which older ones stay."""

from ipaddress import IPv4Interface, IPv4Network
from random import Random

from lanparty_client.addressing.room_leases import OLDER_LIMIT, RoomLeases
from lanparty_proto import MacAddress


def leases(*given: str) -> RoomLeases:
    made = RoomLeases(mac=MacAddress.parse("02:00:5e:10:00:01"), random=Random(1))
    for text in given:
        made.give(IPv4Interface(text), now=0)
    return made


def usable(made: RoomLeases, *prefixes: str) -> list[str]:
    return [str(one) for one in made.usable([IPv4Network(prefix) for prefix in prefixes])]


def test_the_newest_comes_first() -> None:
    assert usable(leases("10.1.1.2/24", "10.2.2.2/24")) == ["10.2.2.2/24", "10.1.1.2/24"]


def test_the_same_lease_again_changes_nothing() -> None:
    assert usable(leases("10.1.1.2/24", "10.1.1.2/24")) == ["10.1.1.2/24"]


def test_an_older_lease_that_is_given_again_comes_first() -> None:
    made = leases("10.1.1.2/24", "10.2.2.2/24", "10.1.1.2/24")
    assert usable(made) == ["10.1.1.2/24", "10.2.2.2/24"]


def test_an_older_one_of_the_same_network_goes() -> None:
    assert usable(leases("10.1.1.2/24", "10.1.1.3/24")) == ["10.1.1.3/24"]


def test_none_forgets_all() -> None:
    made = leases("10.1.1.2/24", "10.2.2.2/24")
    made.give(None, now=0)
    assert usable(made) == []
    assert made.newest is None
    assert made.next_deadline() is None


def test_a_colliding_one_is_not_usable_and_comes_back_only_as_the_newest() -> None:
    made = leases("10.1.1.2/24", "10.2.2.2/24")
    assert usable(made, "10.0.0.0/8") == []
    made.drop_colliding([IPv4Network("10.0.0.0/8")])
    assert usable(made) == ["10.2.2.2/24"]


def test_there_are_never_more_than_a_few() -> None:
    made = leases(*(f"10.{number}.0.2/24" for number in range(100)))
    assert usable(made) == [f"10.{number}.0.2/24" for number in range(99, 98 - OLDER_LIMIT, -1)]
