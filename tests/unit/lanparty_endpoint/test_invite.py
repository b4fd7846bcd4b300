import pytest

from lanparty_command import RelayAddress
from lanparty_endpoint.invite import Invite, InviteError
from lanparty_endpoint.typed_room import TypedRoom

PIN = "sha256:" + "Ab-_" * 10 + "xyz"
CODE = "7K3M-9QXR-T2V"


def test_an_invite_names_relay_room_and_pin() -> None:
    invite = Invite.parse(f"softlan://relay.example:4433/{CODE}#{PIN}")
    assert invite.relay == RelayAddress("relay.example", 4_433)
    assert invite.room.code == "7K3M9QXRT2V"
    assert invite.pin == PIN


def test_an_invite_without_a_pin_trusts_the_authorities() -> None:
    invite = Invite.parse(f"softlan://relay.example/{CODE}")
    assert invite.relay == RelayAddress("relay.example", 443)
    assert invite.pin is None


@pytest.mark.parametrize(
    "relay",
    ["relay.example", "relay.example:4433", "192.0.2.1", "[2001:db8::1]:4433", "[2001:db8::1]"],
)
@pytest.mark.parametrize("pin", [PIN, None])
def test_what_is_written_as_a_link_is_read_again(relay: str, pin: str | None) -> None:
    invite = Invite(relay=RelayAddress.parse(relay), room=TypedRoom.parse(CODE), pin=pin)
    assert Invite.parse(invite.link()) == invite
    assert invite.link().startswith(f"softlan://{relay}/")


def test_white_space_and_angle_brackets_around_it_come_from_pasting() -> None:
    invite = Invite.parse(f"  <softlan://relay.example/{CODE}#{PIN}>\n")
    assert invite.pin == PIN


def test_a_room_is_spelled_as_it_was_typed() -> None:
    invite = Invite.parse("softlan://relay.example/lan-party")
    assert invite.room.code == "1ANPARTY"
    assert invite.link() == "softlan://relay.example/lan-party"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "looks like"),
        ("relay.example", "looks like"),
        (CODE, "With the code alone: --relay HOST --room CODE"),
        (f"https://relay.example/{CODE}", "looks like"),
        (f"softlan:relay.example/{CODE}", "looks like"),
        (f"softlan://user@relay.example/{CODE}", "looks like"),
        (f"softlan://relay.example/{CODE}?x=1", "looks like"),
        (f"softlan://[2001:db8::1/{CODE}", "looks like"),
        ("softlan://relay.example", "code is missing"),
        ("softlan://relay.example/", "code is missing"),
        ("softlan://relay.example/A/B", "room's code"),
        ("softlan://relay.example/%41BCDE", "room's code"),
        ("softlan://relay.example/ABC", "room's code"),
        (f"softlan://relay.example:0/{CODE}", "port 0"),
        (f"softlan://relay.example:99999/{CODE}", "65535"),
        (f"softlan://re lay/{CODE}", "space"),
        ("softlan://relay.example/lan party", "space"),
        (f"softlan://relay.example/\n{CODE}", "space"),
        (f"softlan://relay_.-/{CODE}", "host"),
        (f"softlan://relay.example/{CODE}#{PIN[:-1]}", "cut off"),
        (f"softlan://relay.example/{CODE}#md5:x", "cut off"),
        (f"softlan://rélay.example/{CODE}", "ASCII"),
        (f"softlan://relay.example/{CODE}#" + "a" * 600, "at most 512"),
    ],
)
def test_what_is_wrong_with_an_invite_is_said(text: str, said: str) -> None:
    with pytest.raises(InviteError, match=said):
        Invite.parse(text)


def test_a_code_that_was_typed_with_spaces_makes_a_link_without() -> None:
    invite = Invite(relay=RelayAddress("relay.example"), room=TypedRoom.parse("lan party"))
    assert invite.link() == "softlan://relay.example/lan-party"


def test_its_link_hides_itself_from_logs() -> None:
    link = Invite.parse(f"softlan://relay.example/{CODE}").link()
    assert CODE not in repr(link)
