import random
from typing import Any

import pytest

from lanparty_ctrl import Hello, Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import SLOTS_PER_BLOCK
from lanparty_proto import MacAddress
from lanparty_quic.endpoint import ConnectionKey
from lanparty_relay.core import CounterBlocks, RelayLimits
from lanparty_relay.core.admission import (
    Admission,
    Admitted,
    Contested,
    NewRoom,
    Refused,
    StandsBy,
    Verdict,
)
from lanparty_relay.core.members import Member, Newcomer
from lanparty_relay.core.rooms import RoomRegistry

HOME = ("192.0.2.1", 5000)
CODE = RoomCode("LANPARTY")
A = MacAddress.parse("02:00:00:00:00:0a")
B = MacAddress.parse("02:00:00:00:00:0b")
UNIVERSAL = MacAddress.parse("00:11:22:33:44:55")


class Door:
    """An admission with its registry."""

    def __init__(self, limits: RelayLimits | None = None, capacity: int = 16) -> None:
        buffer = memoryview(bytearray(capacity * SLOTS_PER_BLOCK * 8)).cast("Q")
        self.registry = RoomRegistry(CounterBlocks(buffer, capacity), random.Random(3).randbytes)
        self.admission = Admission(self.registry, limits or RelayLimits())
        self._connections = 0

    def enter(self, mac: MacAddress | None = A, *, mtu: int = 1500) -> Member:
        """Make somebody a member of the room, which is made if need be."""
        room = self.registry.look_up(CODE) or self.registry.create(CODE, mtu=mtu, now=0.0)
        self._connections += 1
        newcomer = Newcomer(
            connection=ConnectionKey(self._connections),
            role=Role.GATEWAY if mac is None else Role.CLIENT,
            mac=mac,
            name="somebody",
            datagram_budget=1522,
        )
        return self.registry.join(room, newcomer, now=0.0)

    def judge(self, *, now: float = 0.0, **changes: Any) -> Verdict:
        return self.admission.judge(hello(**changes), HOME, now=now)

    def code_of_refusal(self, *, now: float = 0.0, **changes: Any) -> SessionEnd:
        verdict = self.judge(now=now, **changes)
        assert isinstance(verdict, Refused)
        return verdict.code


def hello(**changes: Any) -> Hello:
    fields: dict[str, Any] = {
        "role": Role.CLIENT,
        "mac": A,
        "name": "Ada",
        "room_code": CODE,
        "datagram_budget": 1170,
        "port_mtu": 1500,
    }
    return Hello(**(fields | changes))


def gateway(**changes: Any) -> dict[str, Any]:
    return {"role": Role.GATEWAY, "mac": None} | changes


def test_a_code_that_names_no_room_is_refused_without_create() -> None:
    assert Door().code_of_refusal() is SessionEnd.ROOM_UNKNOWN


def test_a_code_that_names_no_room_makes_one_with_create() -> None:
    assert Door().judge(create=True) == Admitted(NewRoom(CODE, 1500))


def test_a_join_without_a_code_makes_a_room_and_its_code() -> None:
    assert Door().judge(room_code=None) == Admitted(NewRoom(None, 1500))


@pytest.mark.parametrize("create", [True, False])
def test_a_code_that_names_a_room_joins_it_with_and_without_create(create: bool) -> None:
    door = Door()
    room = door.enter(B).room
    assert door.judge(create=create) == Admitted(room)


@pytest.mark.parametrize(("port_mtu", "mtu"), [(1500, 1450), (1400, 1400), (9000, 1450)])
def test_a_new_rooms_mtu_is_the_smaller_of_the_setting_and_its_makers_port(
    port_mtu: int, mtu: int
) -> None:
    door = Door(RelayLimits(room_mtu=1450))
    assert door.judge(create=True, port_mtu=port_mtu) == Admitted(NewRoom(CODE, mtu))


@pytest.mark.parametrize(
    ("versions", "admitted"), [((1,), True), ((2, 1), True), ((2,), False), ((2, 255), False)]
)
def test_an_endpoint_must_speak_the_relays_version(
    versions: tuple[int, ...], admitted: bool
) -> None:
    verdict = Door().judge(create=True, versions=versions)
    assert isinstance(verdict, Admitted) is admitted
    assert admitted or verdict == Refused(SessionEnd.VERSION)


def test_a_budget_under_1150_bytes_is_refused() -> None:
    assert Door().code_of_refusal(create=True, datagram_budget=1149) is SessionEnd.BUDGET_TOO_SMALL
    assert isinstance(Door().judge(create=True, datagram_budget=1150), Admitted)


def test_a_port_that_no_room_could_have_is_refused() -> None:
    assert Door().code_of_refusal(create=True, port_mtu=1279) is SessionEnd.MTU_TOO_SMALL
    assert isinstance(Door().judge(create=True, port_mtu=1280), Admitted)


def test_a_port_smaller_than_the_rooms_mtu_is_refused() -> None:
    door = Door()
    door.enter(B, mtu=1400)
    assert door.code_of_refusal(port_mtu=1399) is SessionEnd.MTU_TOO_SMALL
    assert isinstance(door.judge(port_mtu=1400), Admitted)


def test_a_universal_mac_is_refused_unless_the_setting_allows_it() -> None:
    assert Door().code_of_refusal(create=True, mac=UNIVERSAL) is SessionEnd.MAC_NOT_ALLOWED
    door = Door(RelayLimits(allow_universal_macs=True))
    assert isinstance(door.judge(create=True, mac=UNIVERSAL), Admitted)


def test_too_many_tries_of_one_source_are_refused_with_the_time_to_wait() -> None:
    door = Door(RelayLimits(joins_per_minute=2))
    assert door.code_of_refusal(now=0.0) is SessionEnd.ROOM_UNKNOWN
    assert door.code_of_refusal(now=1.0) is SessionEnd.ROOM_UNKNOWN
    assert door.judge(now=20.0) == Refused(SessionEnd.JOIN_LIMIT, 40.0)
    assert door.code_of_refusal(now=60.0) is SessionEnd.ROOM_UNKNOWN


def test_judging_a_place_again_counts_as_no_try() -> None:
    door = Door(RelayLimits(joins_per_minute=1))
    door.judge()
    for _ in range(3):
        verdict = door.admission.judge_place(hello(), now=0.0)
        assert verdict == Refused(SessionEnd.ROOM_UNKNOWN)


def test_no_more_rooms_than_the_limit_are_made() -> None:
    door = Door(RelayLimits(rooms=1))
    door.enter(B)
    assert door.code_of_refusal(room_code=None) is SessionEnd.ROOM_LIMIT
    assert isinstance(door.judge(), Admitted)


def test_no_room_is_made_without_counter_blocks_for_it_and_its_maker() -> None:
    door = Door(capacity=4)
    door.enter(B)
    assert door.code_of_refusal(room_code=None) is SessionEnd.ROOM_LIMIT


def test_a_room_has_no_more_members_than_the_limit() -> None:
    door = Door(RelayLimits(peers_per_room=2))
    door.enter(B)
    door.enter(None)
    assert door.code_of_refusal() is SessionEnd.ROOM_FULL


def test_a_room_is_full_when_no_counter_block_is_left() -> None:
    door = Door(capacity=3)
    door.enter(B)
    assert door.code_of_refusal() is SessionEnd.ROOM_FULL


def test_a_mac_that_was_learned_behind_the_gateway_is_in_use() -> None:
    door = Door()
    door.enter(None).room.learned.learn(A, now=0.0)
    assert door.code_of_refusal(now=299.0) is SessionEnd.MAC_IN_USE
    assert isinstance(door.judge(now=300.0), Admitted)


def test_who_holds_the_mac_is_asked_first() -> None:
    door = Door()
    holder = door.enter(A)
    assert door.judge() == Contested(holder, SessionEnd.MAC_IN_USE)
    assert isinstance(door.judge(mac=B), Admitted)


def test_who_holds_the_gateways_place_is_asked_first() -> None:
    door = Door()
    door.enter(B)
    assert isinstance(door.judge(**gateway()), Admitted)
    holder = door.enter(None)
    assert door.judge(**gateway()) == Contested(holder, SessionEnd.GATEWAY_PRESENT)


def test_a_gateway_that_stands_by_waits_for_a_place_that_is_taken() -> None:
    door = Door()
    door.enter(B)
    assert isinstance(door.judge(**gateway(standby=True)), Admitted)
    holder = door.enter(None)
    assert door.judge(**gateway(standby=True)) == StandsBy(holder.room)
    token = holder.resume_token
    resumed = door.judge(**gateway(standby=True, resume_token=token))
    assert resumed == Admitted(holder.room, displaced=holder, resumed=True)


def test_a_gateway_whose_port_carries_too_little_does_not_wait() -> None:
    door = Door()
    door.enter(None)
    refusal = door.code_of_refusal(**gateway(standby=True, port_mtu=1400))
    assert refusal is SessionEnd.MTU_TOO_SMALL


def test_a_holder_that_stayed_silent_is_displaced() -> None:
    door = Door()
    holder = door.enter(A)
    verdict = door.admission.judge_place(hello(), outgoing=holder, now=1.0)
    assert verdict == Admitted(holder.room, displaced=holder)


def test_a_silence_says_nothing_about_a_later_holder() -> None:
    door = Door()
    silent = door.enter(A)
    door.enter(B)
    door.registry.leave(silent, now=0.5)
    holder = door.enter(A)
    verdict = door.admission.judge_place(hello(), outgoing=silent, now=1.0)
    assert verdict == Contested(holder, SessionEnd.MAC_IN_USE)


@pytest.mark.parametrize("mac", [A, None], ids=["client", "gateway"])
def test_a_valid_token_replaces_the_stale_session_at_once(mac: MacAddress | None) -> None:
    door = Door()
    stale = door.enter(mac)
    changes = gateway() if mac is None else {}
    verdict = door.judge(resume_token=stale.resume_token, **changes)
    assert verdict == Admitted(stale.room, displaced=stale, resumed=True)


def test_a_token_is_bound_to_its_mac() -> None:
    door = Door()
    holder, other = door.enter(A), door.enter(B)
    assert isinstance(door.judge(resume_token=other.resume_token), Contested)
    assert isinstance(door.judge(mac=B, resume_token=holder.resume_token), Contested)


def test_a_token_without_a_stale_session_is_an_ordinary_join() -> None:
    door = Door()
    room = door.enter(B).room
    assert door.judge(resume_token="0" * 32) == Admitted(room)


def test_a_full_room_still_lets_a_session_resume() -> None:
    door = Door(RelayLimits(peers_per_room=1), capacity=3)
    stale = door.enter(A)
    verdict = door.judge(resume_token=stale.resume_token)
    assert verdict == Admitted(stale.room, displaced=stale, resumed=True)


def test_a_token_opens_no_room_whose_mtu_does_not_fit() -> None:
    door = Door()
    stale = door.enter(A)
    refusal = door.code_of_refusal(resume_token=stale.resume_token, port_mtu=1400)
    assert refusal is SessionEnd.MTU_TOO_SMALL


WORST: dict[str, Any] = {
    "versions": (2,),
    "datagram_budget": 1000,
    "port_mtu": 1000,
    "mac": UNIVERSAL,
    "room_code": RoomCode("N0SVCH"),
}
REPAIRS: list[tuple[SessionEnd, dict[str, Any]]] = [
    (SessionEnd.VERSION, {"versions": (1,)}),
    (SessionEnd.BUDGET_TOO_SMALL, {"datagram_budget": 1170}),
    (SessionEnd.MTU_TOO_SMALL, {"port_mtu": 1300}),
    (SessionEnd.MAC_NOT_ALLOWED, {"mac": B}),
    (SessionEnd.ROOM_UNKNOWN, {"room_code": CODE}),
    (SessionEnd.MTU_TOO_SMALL, {"port_mtu": 1500}),
    (SessionEnd.MAC_IN_USE, {"mac": MacAddress.parse("02:00:00:00:00:0c")}),
]


def test_the_first_reason_in_the_protocols_order_is_given() -> None:
    door = Door(RelayLimits(peers_per_room=2))
    door.enter(A)
    door.enter(None).room.learned.learn(B, now=0.0)
    fields = dict(WORST)
    for code, repair in REPAIRS:
        assert door.code_of_refusal(**fields) is code
        fields |= repair
    assert door.code_of_refusal(**fields) is SessionEnd.ROOM_FULL


def test_tries_are_limited_before_the_room_is_looked_up() -> None:
    door = Door(RelayLimits(joins_per_minute=1))
    door.enter(B)
    assert door.code_of_refusal(room_code=RoomCode("N0SVCH")) is SessionEnd.ROOM_UNKNOWN
    assert door.code_of_refusal() is SessionEnd.JOIN_LIMIT
    assert door.code_of_refusal(datagram_budget=1000) is SessionEnd.BUDGET_TOO_SMALL
