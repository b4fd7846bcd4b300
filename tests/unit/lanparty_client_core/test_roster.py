from lanparty_client_core import MemberChanged, MemberJoined, MemberLeft
from lanparty_client_core.roster import MISSING_LIMIT, RETURN_TIME, Roster
from lanparty_ctrl import PeerJoined, Role
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress


def member(peer_id: int, name: str, mac: int | None = None) -> PeerJoined:
    last = peer_id if mac is None else mac
    return PeerJoined(
        peer_id=peer_id,
        role=Role.CLIENT,
        mac=MacAddress(b"\x02\0" + last.to_bytes(4, "big")),
        name=name,
    )


BOB, CAROL = member(2, "bob"), member(3, "carol")


def filled() -> Roster:
    roster = Roster()
    assert roster.add(BOB) == [MemberJoined(BOB)]
    assert roster.add(CAROL) == [MemberJoined(CAROL)]
    roster.handle_ready(resumed=False, now=0.0)
    return roster


def test_who_is_named_again_is_no_news() -> None:
    roster = filled()
    roster.handle_welcome()
    assert roster.members == {2: BOB, 3: CAROL}
    assert roster.add(BOB) == roster.add(CAROL) == []
    roster.handle_ready(resumed=True, now=1.0)
    assert roster.expire(now=1.0) == []


def test_who_is_missing_after_a_resumption_has_left() -> None:
    roster = filled()
    roster.handle_welcome()
    roster.add(BOB)
    roster.handle_ready(resumed=True, now=1.0)
    assert roster.next_deadline() == 1.0
    assert roster.expire(now=1.0) == [MemberLeft(CAROL, SessionEnd.LEFT)]
    assert roster.members == {2: BOB}


def test_the_others_have_ten_seconds_to_come_back_to_a_relay_that_was_started_again() -> None:
    roster = filled()
    roster.handle_welcome()
    roster.handle_ready(resumed=False, now=1.0)
    back = member(7, "bob", mac=2)
    assert roster.add(back) == [MemberChanged(back, BOB)]
    assert roster.members == {7: back, 3: CAROL}
    assert roster.expire(now=RETURN_TIME) == []
    assert roster.expire(now=1.0 + RETURN_TIME) == [MemberLeft(CAROL, SessionEnd.LEFT)]
    assert roster.members == {7: back}
    assert roster.next_deadline() is None


def test_a_second_outage_forgets_nobody_who_may_still_come_back() -> None:
    roster = filled()
    roster.handle_welcome()
    roster.handle_welcome()
    roster.handle_ready(resumed=False, now=1.0)
    assert roster.add(BOB) == []
    assert roster.members == {2: BOB, 3: CAROL}


def test_another_name_or_address_is_a_change() -> None:
    roster = filled()
    renamed = member(2, "robert")
    assert roster.add(renamed) == [MemberChanged(renamed, BOB)]
    assert roster.add(renamed) == []


def test_a_departure_is_told() -> None:
    roster = filled()
    assert roster.remove(BOB, SessionEnd.IDLE) == [MemberLeft(BOB, SessionEnd.IDLE)]
    assert roster.members == {3: CAROL}


def test_a_relay_that_names_others_in_each_short_session_fills_no_memory() -> None:
    roster = Roster()
    left: list[MemberLeft] = []
    names = 0
    for _ in range(20):
        left += roster.handle_welcome()
        for peer_id in range(1, 101):
            names += 1
            roster.add(member(peer_id, f"guest {names}", mac=names))
        roster.handle_ready(resumed=False, now=0.0)
    assert len(left) == names - 100 - MISSING_LIMIT
    assert [gone.member.name for gone in left[:2]] == ["guest 1", "guest 2"]
    assert len(roster.expire(now=RETURN_TIME)) == MISSING_LIMIT
