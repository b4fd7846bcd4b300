"""The choice of a room's network."""

import time
from ipaddress import IPv4Network, IPv6Network

import pytest

from lanparty_relay.core.subnets import NO_OVERLAP, choose_network, covers_of, overlap

EVERYTHING = [IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1")]
RARELY_USED = [
    IPv4Network("10.160.0.0/11"),
    IPv4Network("172.16.128.0/17"),
    IPv4Network("192.168.192.0/19"),
]


def network(*prefixes: str, seed: int = 1) -> IPv4Network:
    return choose_network(seed, covers_of(map(IPv4Network, prefixes))).network


@pytest.mark.parametrize("seed", [0, 1, 77, 2**32 - 1])
def test_a_room_gets_a_private_24_that_homes_seldom_use(seed: int) -> None:
    chosen = choose_network(seed, frozenset())
    assert chosen.network.prefixlen == 24
    assert chosen.network.subnet_of(RARELY_USED[0])
    assert chosen.overlap == NO_OVERLAP


def test_the_same_seed_gets_the_same_network_and_rooms_mostly_differ() -> None:
    assert network(seed=5) == network(seed=5)
    assert len({network(seed=seed * 7919) for seed in range(100)}) > 95


def test_a_members_own_24_is_avoided() -> None:
    taken = network(seed=5)
    assert network(str(taken), seed=5) != taken


def test_a_longer_prefix_counts_as_its_24() -> None:
    taken = network(seed=5)
    assert not network(f"{taken[128]}/29", seed=5).overlaps(taken)


def test_a_vpn_that_takes_ten_moves_the_room_to_another_range() -> None:
    assert network("10.0.0.0/8").subnet_of(RARELY_USED[1])
    assert network("10.0.0.0/8", "172.16.0.0/12").subnet_of(RARELY_USED[2])


def test_a_vpn_that_takes_everything_is_put_up_with() -> None:
    chosen = choose_network(1, covers_of(EVERYTHING))
    assert chosen.network == network()
    assert chosen.overlap == 1


def test_where_everything_is_in_use_the_most_general_use_is_put_up_with() -> None:
    taken = covers_of([*EVERYTHING, IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")])
    chosen = choose_network(1, taken)
    assert chosen.network.subnet_of(RARELY_USED[2])
    assert chosen.overlap == 1


@pytest.mark.parametrize(
    ("prefix", "length"),
    [
        ("10.171.5.0/24", 24),
        ("10.171.5.64/26", 24),
        ("10.171.4.0/22", 22),
        ("10.0.0.0/8", 8),
        ("0.0.0.0/0", 0),
        ("10.171.6.0/24", NO_OVERLAP),
        ("192.168.0.0/16", NO_OVERLAP),
    ],
)
def test_an_overlap_is_told_by_the_length_of_the_prefix(prefix: str, length: int) -> None:
    taken = covers_of([IPv4Network(prefix)])
    assert overlap(IPv4Network("10.171.5.0/24"), taken) == length


def test_what_can_never_be_in_the_way_is_not_kept() -> None:
    assert not covers_of([IPv4Network("192.168.1.0/24"), IPv4Network("8.0.0.0/8")])
    assert not covers_of([IPv6Network("::/0")])


def test_a_choice_is_quick_though_everything_is_in_use_in_every_length() -> None:
    taken = covers_of(
        IPv4Network((int(used.network_address) >> (32 - length) << (32 - length), length))
        for used in RARELY_USED
        for length in range(25)
    ) | covers_of(RARELY_USED)
    began = time.process_time()
    for seed in range(20):
        choose_network(seed, taken)
    assert time.process_time() - began < 1.0
