from typing import Any

from lanparty_client.sentences import PlayerStory
from lanparty_client.wish import JoinWish
from lanparty_client_core import MemberJoined, MemberLeft, SessionEnded, SessionState
from lanparty_ctrl import PeerJoined, Role, RoomCode, Welcome
from lanparty_endpoint.arrival import ADDRESS_PATIENCE, Arrival
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress

PIN = "sha256:" + "A" * 43
ANN = MacAddress.parse("02:00:5e:10:00:01")
BOB = PeerJoined(peer_id=2, role=Role.CLIENT, mac=MacAddress.parse("02:00:5e:10:00:02"), name="Bob")
ADDRESSES = ("10.1.2.3/24",)


def welcome(*, resumed: bool = False) -> Welcome:
    return Welcome(
        version=1,
        peer_id=1,
        room_code=RoomCode("7K3M9QXRT2V"),
        room_id="r1",
        mtu=1_500,
        datagram_budget=1_500,
        resume_token="0" * 32,
        heartbeat_seconds=10,
        peers_limit=64,
        server_version="1",
        resumed=resumed,
    )


class Told:
    """An arrival, and what it told."""

    def __init__(self, **wished: Any) -> None:  # Any: as a settings class reads it
        asked = {"relay": "relay.example", "name": "Ann", "pin": PIN} | wished
        self.happenings: list[Happening] = []
        wish = JoinWish.model_validate(asked)
        self.arrival = Arrival(PlayerStory(wish, mac=ANN), tell=self.happenings.append)

    @property
    def events(self) -> list[str]:
        return [happening.event for happening in self.happenings]

    @property
    def last(self) -> Happening:
        return self.happenings[-1]


def test_who_is_there_is_told_after_where_that_is() -> None:
    told = Told(room="7K3M-9QXR-T2V")
    told.arrival.begin()
    told.arrival.handle_member(MemberJoined(BOB))
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses((), now=1.0)
    assert told.events == ["connecting"]
    told.arrival.handle_addresses(ADDRESSES, now=1.2)
    assert told.events == ["connecting", "joined", "member_joined"]
    told.arrival.handle_member(MemberLeft(BOB, SessionEnd.LEFT))
    assert told.last.event == "member_left"


def test_an_address_that_takes_its_time_is_told_later() -> None:
    told = Told(room="ABCDE")
    told.arrival.handle_joined(welcome(), now=1.0)
    assert told.arrival.next_deadline() == 1.0 + ADDRESS_PATIENCE
    told.arrival.handle_addresses((), now=1.0 + ADDRESS_PATIENCE)
    assert told.events == ["joined"]
    assert told.last.fields["address"] is None
    assert told.arrival.next_deadline() is None
    told.arrival.handle_addresses(ADDRESSES, now=9.0)
    told.arrival.handle_addresses(ADDRESSES, now=9.1)
    assert told.events == ["joined", "address_changed"]
    assert told.last.message == "lan0 has the address 10.1.2.3/24 now."


def test_what_is_to_be_known_of_the_addresses_comes_after_the_arrival() -> None:
    told = Told(room="7K3M-9QXR-T2V")
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_notices(["No DHCP server answers."])
    told.arrival.handle_notice("A route is missing.")
    told.arrival.handle_addresses(ADDRESSES, now=1.1)
    told.arrival.handle_notice("Another route is missing.")
    assert told.events == ["joined", "notice", "notice", "notice"]


def test_without_an_address_of_softlans_nobody_waits_for_one() -> None:
    told = Told(address="none")
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses((), now=1.0)
    assert told.events == ["joined", "invitation"]
    assert "lan0 has no address, set one yourself" in told.happenings[0].message


def test_who_makes_a_room_is_told_what_to_tell_a_friend() -> None:
    told = Told()
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses(ADDRESSES, now=1.0)
    link = f"softlan://relay.example/7K3M-9QXR-T2V#{PIN}"
    assert told.last.weight is Weight.IMPORTANT
    assert told.last.fields["invite"] == link
    assert f'lanparty-client join "{link}"' in told.last.message


def test_joined_says_what_a_program_needs() -> None:
    told = Told(room="7k3m9qxrt2v")
    told.arrival.handle_joined(welcome(resumed=True), now=1.0)
    told.arrival.handle_addresses(ADDRESSES, now=1.0)
    assert told.last.message.startswith("Back in room 7k3m9qxrt2v as Ann: 10.1.2.3/24 on lan0")
    assert told.last.fields == {
        "room_code": "7K3M9QXRT2V",
        "room_id": "r1",
        "peer_id": 1,
        "interface": "lan0",
        "mac": str(ANN),
        "address": "10.1.2.3/24",
        "addresses": ["10.1.2.3/24"],
        "mtu": 1_500,
        "resumed": True,
        "invite": f"softlan://relay.example/7k3m9qxrt2v#{PIN}",
    }


def test_an_outage_and_its_end_are_told() -> None:
    told = Told(room="ABCDE")
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses(ADDRESSES, now=1.0)
    told.arrival.handle_state(SessionState.RECONNECTING, "Lost it.")
    told.arrival.handle_joined(welcome(), now=5.0)
    told.arrival.handle_addresses(ADDRESSES, now=5.0)
    assert [(each.event, each.message) for each in told.happenings[1:]] == [
        ("state", "Lost it."),
        ("state", "Back in the room."),
    ]


def test_the_way_into_the_room_is_a_detail() -> None:
    told = Told()
    told.arrival.handle_state(SessionState.JOINING, "Joining.")
    assert told.last.weight is Weight.DETAIL


def test_a_notice_is_told_once_while_it_holds() -> None:
    told = Told()
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses(ADDRESSES, now=1.0)
    told.happenings.clear()
    for notices in (["A.", "B."], ["A."], ["A."], [], ["A."]):
        told.arrival.handle_notices(notices)
    assert [each.message for each in told.happenings] == ["A.", "B.", "A."]


def test_a_code_that_was_mistyped_gets_a_hint() -> None:
    told = Told(room="7K3M-9QXR-T2W")
    ended = SessionEnded(code=SessionEnd.ROOM_UNKNOWN, by_relay=True)
    assert told.arrival.handle_end(ended, by_player=False) == 5
    assert told.events == ["ended", "hint"]
    assert all(each.weight is Weight.COMPLAINT for each in told.happenings)


def test_the_end_is_told_with_its_exit_code() -> None:
    told = Told(room="ABCDE")
    assert told.arrival.handle_end(SessionEnded(code=SessionEnd.LEFT), by_player=True) == 130
    assert told.last.message == "Gave up."
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses(ADDRESSES, now=1.0)
    assert told.arrival.handle_end(SessionEnded(code=SessionEnd.LEFT), by_player=True) == 0
    assert told.last.message == "Left the room."
    kicked = SessionEnded(code=SessionEnd.KICKED, by_relay=True)
    assert told.arrival.handle_end(kicked, by_player=False) == 6
    assert told.last.fields["exit_code"] == 6


def test_why_it_takes_so_long_is_told_once_for_each_reason() -> None:
    told = Told()
    for sentence in ("No answer.", "No answer.", "Turned away.", "No answer."):
        told.arrival.handle_trouble(SessionState.CONNECTING, sentence)
    assert [each.message for each in told.happenings] == [
        "No answer.",
        "Turned away.",
        "No answer.",
    ]
    assert told.last.weight is Weight.NORMAL


def test_a_standby_that_is_stopped_while_it_waits_has_not_failed() -> None:
    told = Told(room="7K3M-9QXR-T2V")
    told.arrival.begin()
    told.arrival.handle_state(SessionState.WAITING, "It waits.")
    assert told.arrival.handle_end(SessionEnded(code=SessionEnd.LEFT), by_player=True) == 0
    assert (told.last.message, told.last.fields["exit_code"]) == ("Stopped waiting.", 0)


def test_a_standby_that_was_in_the_room_has_left_it() -> None:
    told = Told(room="7K3M-9QXR-T2V")
    told.arrival.handle_state(SessionState.WAITING, "It waits.")
    told.arrival.handle_joined(welcome(), now=1.0)
    told.arrival.handle_addresses(ADDRESSES, now=1.2)
    told.arrival.handle_end(SessionEnded(code=SessionEnd.LEFT), by_player=True)
    assert told.last.message == "Left the room."


def test_a_relay_that_stops_is_no_fault_of_a_standby_either() -> None:
    told = Told(room="7K3M-9QXR-T2V")
    told.arrival.handle_state(SessionState.WAITING, "It waits.")
    ended = SessionEnded(code=SessionEnd.SHUTDOWN, by_relay=True)
    assert told.arrival.handle_end(ended, by_player=False) == 0
