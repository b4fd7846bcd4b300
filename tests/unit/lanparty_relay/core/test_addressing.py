"""Addresses of rooms in being, driven through `Relay`."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from lanparty_ctrl import Lease, PeerJoined, PeerLeft, PrefixesInUse, RoomReady, Welcome
from lanparty_relay.core import MemberJoined, RoomOpened, RoomRenumbered
from lanparty_relay.core.addressing import MOVES_PER_HOUR

if TYPE_CHECKING:
    from tests.unit.lanparty_relay.core.conftest import FakeShell

    from lanparty_quic.endpoint import ConnectionKey


def leased(shell: FakeShell, key: ConnectionKey) -> IPv4Address:
    """What a client was leased last."""
    welcomes = [message.lease for message in shell.heard(key, Welcome)]
    lease = (welcomes + [message.lease for message in shell.heard(key, Lease)])[-1]
    assert lease is not None
    return lease.address


def network_of(shell: FakeShell) -> IPv4Network:
    """The network that the only room has now."""
    told: list[RoomOpened | RoomRenumbered] = [
        event for event in shell.lifecycle if isinstance(event, RoomOpened | RoomRenumbered)
    ]
    return told[-1].network


def host_part(address: IPv4Address) -> int:
    return int(address) & 0xFF


def test_every_client_gets_a_lease_with_its_welcome(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    assert leased(shell, a) != leased(shell, b)
    lease = shell.welcome(a).lease
    assert lease is not None
    assert (lease.prefix_length, lease.seconds) == (24, 86_400)
    assert {leased(shell, a), leased(shell, b)} < set(network_of(shell).hosts())


def test_a_gateway_gets_none_and_changes_nothing_for_clients(shell: FakeShell) -> None:
    gateway = shell.join_gateway()
    assert shell.welcome(gateway).lease is None
    assert leased(shell, shell.join(1)) in network_of(shell)


def test_members_are_named_with_their_addresses(shell: FakeShell) -> None:
    gateway = shell.join_gateway()
    a, b = shell.join(1), shell.join(2)
    assert [peer.address for peer in shell.heard(b, PeerJoined)] == [None, leased(shell, a)]
    assert [peer.address for peer in shell.heard(a, PeerJoined)] == [None, leased(shell, b)]
    assert [peer.address for peer in shell.heard(gateway, PeerJoined)] == [
        leased(shell, a),
        leased(shell, b),
    ]


def test_events_tell_network_and_lease(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.join_gateway()
    (opened,) = shell.lifecycle_of(RoomOpened)
    assert leased(shell, a) in opened.network
    assert [event.lease for event in shell.lifecycle_of(MemberJoined)] == [leased(shell, a), None]


def test_who_comes_back_has_the_address_again_though_the_room_went(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.lose(a)
    shell.now += 3_600
    shell.join(2)
    assert leased(shell, shell.join(1)) == leased(shell, a)


def test_a_wanted_address_is_given_if_it_is_free(shell: FakeShell) -> None:
    shell.join(1)
    wanted = network_of(shell)[200]
    assert leased(shell, shell.join(2, address_wanted=wanted)) == wanted
    assert leased(shell, shell.join(3, address_wanted=wanted)) != wanted


def test_a_resumed_member_with_another_address_is_named_again(shell: FakeShell) -> None:
    a, b = shell.join(1), shell.join(2)
    wanted = network_of(shell)[host_part(leased(shell, b)) ^ 1]
    token = shell.welcome(b).resume_token
    resumed = shell.join(2, resume_token=token, address_wanted=wanted)
    assert shell.welcome(resumed).resumed
    assert [peer.address for peer in shell.heard(a, PeerJoined)] == [leased(shell, b), wanted]
    assert not shell.heard(a, PeerLeft)


def test_a_room_is_made_out_of_the_way_of_its_makers_networks(shell: FakeShell) -> None:
    a = shell.join(1, prefixes_in_use=(IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")))
    assert leased(shell, a) in IPv4Network("192.168.192.0/19")


def test_a_newcomer_in_the_rooms_network_gives_everybody_another_address(shell: FakeShell) -> None:
    a, gateway = shell.join(1), shell.join_gateway()
    before, address = network_of(shell), leased(shell, a)
    b = shell.join(2, prefixes_in_use=(before,))
    after = network_of(shell)
    assert not after.overlaps(before)
    assert leased(shell, a) == after[host_part(address)]
    assert leased(shell, b) in after
    assert not shell.heard(b, Lease), "the newcomer was never told of the network before"
    assert not shell.heard(gateway, Lease)
    assert shell.inbox[gateway][-2:] == [
        PeerJoined(
            peer_id=1,
            role=shell.hello(1).role,
            mac=shell.mac(1),
            name="player 1",
            address=leased(shell, a),
        ),
        shell.heard(gateway, PeerJoined)[-1],
    ]
    (renumbered,) = shell.lifecycle_of(RoomRenumbered)
    assert renumbered.leases == {1: leased(shell, a), 2: None}
    assert isinstance(shell.lifecycle[-1], MemberJoined)


def test_a_member_whose_machine_joined_the_rooms_network_gives_everybody_another_address(
    shell: FakeShell,
) -> None:
    a, b = shell.join(1), shell.join(2)
    before = network_of(shell)
    shell.say(a, PrefixesInUse(prefixes_in_use=(before,)))
    after = network_of(shell)
    assert not after.overlaps(before)
    for own, other in ((a, b), (b, a)):
        assert leased(shell, own) in after
        assert [type(message) for message in shell.inbox[own]][-2:] == [Lease, PeerJoined]
        assert shell.heard(own, PeerJoined)[-1].address == leased(shell, other)


def test_the_new_network_is_out_of_every_members_way(shell: FakeShell) -> None:
    shell.join(1, prefixes_in_use=(IPv4Network("172.16.0.0/12"),))
    shell.join(2)
    shell.join(3, prefixes_in_use=(IPv4Network("10.0.0.0/8"),))
    assert network_of(shell).subnet_of(IPv4Network("192.168.192.0/19"))


def test_networks_of_who_left_are_in_nobodys_way(shell: FakeShell) -> None:
    a = shell.join(1, prefixes_in_use=(IPv4Network("172.16.0.0/12"),))
    shell.join(2)
    shell.lose(a)
    shell.join(3, prefixes_in_use=(IPv4Network("10.0.0.0/8"),))
    assert network_of(shell).subnet_of(IPv4Network("172.16.128.0/17"))


def test_other_networks_change_nothing(shell: FakeShell) -> None:
    a = shell.join(1)
    shell.join(2, prefixes_in_use=(IPv4Network("192.168.0.0/24"), IPv4Network("10.0.0.0/24")))
    shell.say(a, PrefixesInUse(prefixes_in_use=(IPv4Network("192.168.1.0/24"),)))
    assert not shell.lifecycle_of(RoomRenumbered)
    assert not shell.heard(a, Lease)


def test_a_network_that_cannot_be_avoided_is_put_up_with_once_and_for_all(shell: FakeShell) -> None:
    everything = (IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1"))
    for number in range(1, 10):
        shell.join(number, prefixes_in_use=everything)
    assert not shell.lifecycle_of(RoomRenumbered)
    # All these didn't use up what somebody with a real collision needs.
    shell.join(20, prefixes_in_use=(network_of(shell),))
    assert len(shell.lifecycle_of(RoomRenumbered)) == 1


def test_a_stranger_cannot_move_a_room_for_ever(shell: FakeShell) -> None:
    shell.join(1)
    stranger = shell.join(2)
    for _ in range(10 * MOVES_PER_HOUR):
        shell.say(stranger, PrefixesInUse(prefixes_in_use=(network_of(shell),)))
    assert len(shell.lifecycle_of(RoomRenumbered)) == MOVES_PER_HOUR
    assert shell.is_member(stranger)
    shell.now += 3_600
    shell.say(stranger, PrefixesInUse(prefixes_in_use=(network_of(shell),)))
    assert len(shell.lifecycle_of(RoomRenumbered)) == MOVES_PER_HOUR + 1


def test_nobody_is_told_twice_while_a_newcomer_enters(shell: FakeShell) -> None:
    shell.join(1)
    b = shell.join(2, prefixes_in_use=(network_of(shell),))
    assert [type(message) for message in shell.inbox[b]] == [Welcome, PeerJoined, RoomReady]


def test_a_room_of_250_is_renumbered_within_what_a_peer_may_leave_unread(shell: FakeShell) -> None:
    """The arithmetic of the worst case: everybody's name has 32 four-byte characters."""
    a = shell.join(1, name="🎮" * 32)
    shell.join(2, name="🎮" * 32, prefixes_in_use=(network_of(shell),))
    named = shell.heard(a, PeerJoined)[-1]
    assert 250 * (4 + len(named.model_dump_json().encode())) < 128 * 1024


def test_four_rooms_of_members_with_colliding_homes_are_in_nobodys_way(shell: FakeShell) -> None:
    homes = [IPv4Network("192.168.0.0/24"), IPv4Network("10.0.0.0/24"), IPv4Network("10.0.0.0/8")]
    for room in ("AAAA", "BBBB", "CCCC", "DDDD"):
        players = [
            shell.join(number, room_code=room, prefixes_in_use=(home,))
            for number, home in enumerate(homes, start=1)
        ]
        own = network_of(shell)
        players.append(shell.join(4, room_code=room, prefixes_in_use=(own,)))
        addresses = {leased(shell, player) for player in players}
        assert len(addresses) == 4
        assert not any(address in home for home in (*homes, own) for address in addresses)
