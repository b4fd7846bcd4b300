"""However players come, race and disturb each other, no two of them use one address.

The segment is a list of frames under way; every frame takes the same time to all others. Behind
each player is a kernel that answers for the addresses which the player has.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from itertools import count
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lanparty_client.addressing import Addressing, RefusalKind, parse_address_choice
from lanparty_ethernet import ETHERTYPE_ARP, ArpOperation, ArpPacket, link_local_candidate
from lanparty_proto import MacAddress, encode_ethernet

DELAY = 0.1


def macs_that_want_one_address(many: int) -> list[MacAddress]:
    """Find MACs whose first candidate is the same."""
    found: dict[IPv4Address, list[MacAddress]] = {}
    for number in count():
        mac = MacAddress(b"\x02\x00" + number.to_bytes(4, "big"))
        wanting = found.setdefault(link_local_candidate(mac, attempt=0), [])
        wanting.append(mac)
        if len(wanting) == many:
            return wanting
    raise AssertionError


TWINS = macs_that_want_one_address(4)


def kernel_answers(player: Addressing, mac: MacAddress, frame: bytes) -> list[bytes]:
    if frame[12:14] != b"\x08\x06":
        return []
    packet = ArpPacket.parse(memoryview(frame)[14:])
    asked = packet.operation is ArpOperation.REQUEST and packet.sender_ip != packet.target_ip
    if not asked or packet.target_ip not in [one.ip for one in player.addresses]:
        return []
    return [encode_ethernet(packet.sender_mac, mac, ETHERTYPE_ARP, packet.reply(mac).encode())]


@dataclass
class Hub:
    players: dict[int, Addressing] = field(default_factory=dict)
    now: float = 0.0
    under_way: list[tuple[float, int, bytes]] = field(default_factory=list)

    def run(self, until: float, check: Callable[[], None]) -> None:
        while True:
            due = [one.next_deadline() for one in self.players.values()]
            due += [at for at, _, _ in self.under_way]
            at = min((when for when in due if when is not None), default=until)
            if at >= until:
                break
            self.now = max(self.now, at)
            for peer, player in self.players.items():
                deadline = player.next_deadline()
                if deadline is not None and deadline <= self.now:
                    for frame in player.frames_to_send(now=self.now):
                        self.under_way.append((self.now + DELAY, peer, frame))
            arrived = [one for one in self.under_way if one[0] <= self.now]
            self.under_way = [one for one in self.under_way if one[0] > self.now]
            for _, source, frame in arrived:
                for peer, player in self.players.items():
                    if peer != source:
                        player.receive_frame(frame, source=source, now=self.now)
                        self.under_way += [
                            (self.now + DELAY, peer, answer)
                            for answer in kernel_answers(player, TWINS[peer], frame)
                        ]
            check()
        self.now = until


def player_of(mac: MacAddress, choice: str, seed: int) -> Addressing:
    return Addressing(
        parse_address_choice(choice), mac=mac, random=Random(seed), on_change=lambda: None
    )


def no_two_alike(hub: Hub) -> Callable[[], None]:
    def check() -> None:
        used = [str(one) for player in hub.players.values() for one in player.addresses]
        assert len(used) == len(set(used)), used

    return check


starts = st.lists(
    st.tuples(st.floats(0, 20, allow_nan=False), st.integers(0, 2**16)), min_size=2, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(starts)
def test_players_who_want_one_link_local_address_end_with_different_ones(
    joins: list[tuple[float, int]],
) -> None:
    hub = Hub()
    for peer, (when, seed) in enumerate(sorted(joins)):
        hub.run(max(when, hub.now), no_two_alike(hub))
        hub.players[peer] = player_of(TWINS[peer], "auto", seed)
        hub.players[peer].joined(lease=None, gateway=None, now=hub.now)
    hub.run(90, no_two_alike(hub))
    assert all(len(player.addresses) == 1 for player in hub.players.values())


@settings(max_examples=60, deadline=None)
@given(starts)
def test_of_players_who_set_one_address_at_most_one_gets_it_and_the_others_are_told(
    joins: list[tuple[float, int]],
) -> None:
    hub = Hub()
    for peer, (when, seed) in enumerate(sorted(joins)):
        hub.run(max(when, hub.now), no_two_alike(hub))
        hub.players[peer] = player_of(TWINS[peer], "10.20.30.4/24", seed)
        hub.players[peer].joined(lease=None, gateway=None, now=hub.now)
    hub.run(30, no_two_alike(hub))
    for player in hub.players.values():
        if not player.addresses:
            assert player.refusal is not None
            assert player.refusal.kind is RefusalKind.ADDRESS_TAKEN


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["gone", "back", "gateway", "no gateway", "home", "away", "run"]),
            st.floats(0.01, 20, allow_nan=False),
        ),
        max_size=25,
    ),
    st.sampled_from(["auto", "dhcp", "none", "10.20.30.4/24"]),
)
def test_whatever_happens_time_passes_and_a_collision_is_never_used(
    steps: list[tuple[str, float]], choice: str
) -> None:
    hub = Hub()
    player = player_of(TWINS[0], choice, 7)
    hub.players[0] = player
    home = IPv4Network("10.0.0.0/8")
    at_home = False

    def check() -> None:
        if at_home:
            assert not any(one.network.overlaps(home) for one in player.addresses)

    player.joined(lease=None, gateway=None, now=0)
    for step, seconds in steps:
        match step:
            case "gone":
                player.disconnected(now=hub.now)
                hub.now += seconds
            case "back":
                player.joined(lease=None, gateway=None, now=hub.now)
            case "gateway":
                player.members_changed(gateway=9, now=hub.now)
            case "no gateway":
                player.members_changed(gateway=None, now=hub.now)
            case "home" | "away":
                at_home = step == "home"
                player.machine_changed(prefixes=[home] if at_home else [], router=None, now=hub.now)
            case _:
                hub.run(hub.now + seconds, check)
        check()
    before = hub.now
    hub.run(before + 60, check)
    assert hub.now == before + 60
