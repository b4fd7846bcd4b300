import json
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest

from lanparty_client_core import MemberChanged, MemberJoined, MemberLeft
from lanparty_ctrl import PeerJoined, Role
from lanparty_endpoint.happenings import Happening, Weight, of_member
from lanparty_obs.codes import SessionEnd
from lanparty_proto import MacAddress

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
BOB = PeerJoined(
    peer_id=2,
    role=Role.CLIENT,
    mac=MacAddress.parse("02:00:5e:10:00:02"),
    name="Bob",
    address=IPv4Address("10.1.2.3"),
)


def test_a_happening_survives_the_way_as_json() -> None:
    happening = Happening("joined", "In the room.", {"mtu": 1_500}, Weight.IMPORTANT)
    text = json.dumps(happening.to_dict(time=NOW))
    assert Happening.from_dict(json.loads(text)) == happening
    assert json.loads(text)["time"] == "2030-01-02T03:04:05.000+00:00"


def test_an_object_of_another_version_is_read_as_far_as_it_goes() -> None:
    assert Happening.from_dict({"weight": "urgent", "new": 1}) == Happening("", "", {"new": 1})


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (MemberJoined(BOB), "member_joined", "+ Bob is in the room (10.1.2.3)."),
        (
            MemberJoined(BOB.model_copy(update={"address": None})),
            "member_joined",
            "+ Bob is in the room (02:00:5e:10:00:02).",
        ),
        (
            MemberJoined(PeerJoined(peer_id=3, role=Role.GATEWAY, name="Attic")),
            "member_joined",
            "+ Attic is in the room (gateway).",
        ),
        (
            MemberChanged(BOB.model_copy(update={"name": "Rob"}), BOB),
            "member_changed",
            "~ Bob is Rob (10.1.2.3) now.",
        ),
        (MemberLeft(BOB, SessionEnd.LEFT), "member_left", "- Bob left."),
    ],
)
def test_who_comes_and_goes_is_told(
    event: MemberJoined | MemberChanged | MemberLeft, kind: str, text: str
) -> None:
    told = of_member(event)
    assert told.event == kind
    assert told.message == text
    assert told.weight is Weight.NORMAL


def test_a_bug_report_learns_whose_names_are_in_it() -> None:
    assert of_member(MemberLeft(BOB, SessionEnd.LEFT)).names == ("Bob",)
    renamed = MemberChanged(BOB.model_copy(update={"name": "Rob"}), BOB)
    assert of_member(renamed).names == ("Rob", "Bob")


def test_a_new_peer_id_alone_is_a_detail() -> None:
    told = of_member(MemberChanged(BOB.model_copy(update={"peer_id": 9}), BOB))
    assert told.weight is Weight.DETAIL
    assert told.fields["member"] == {
        "peer_id": 9,
        "name": "Bob",
        "role": "client",
        "mac": "02:00:5e:10:00:02",
        "address": "10.1.2.3",
    }
