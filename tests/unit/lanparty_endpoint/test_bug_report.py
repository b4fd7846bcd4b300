import pytest

from lanparty_ctrl import RoomCode
from lanparty_endpoint.bug_report import cleaned, spellings


def test_a_rooms_code_goes_in_every_spelling() -> None:
    code = RoomCode("lan-party")
    text = "In room LAN-party, 1ANP-ARTY, 1ANPARTY."
    clean = cleaned({"lately": [text]}, secrets=spellings(code, "LAN-party"))
    assert clean == {"lately": ["In room [secret], [secret], [secret]."]}


def test_fields_that_are_secret_go_by_their_name() -> None:
    assert cleaned({"a": [{"resume_token": "x", "token": 5}]}) == {
        "a": [{"resume_token": "[secret]", "token": "[secret]"}]
    }


def test_names_are_replaced_where_they_stand_alone() -> None:
    names = {"lan": "me", "Bob (home)": "friend 2", "": "nobody"}
    clean = cleaned(
        {"name": "lan", "said": "lan has lan0; + Bob (home) is in the room."}, names=names
    )
    assert clean == {"name": "me", "said": "me has lan0; + friend 2 is in the room."}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("02:5c:8d:4f:25:d5", "02:5c:8d:xx:xx:xx"),
        ("fe80::5c:8dff:fe4f:25d5/64", "fe80::5c:8dff:fexx:xxxx/64"),
        ("192.168.1.7/24", "192.168.1.7/24"),
        ("10.0.0.1", "10.0.0.1"),
        ("8.8.4.4:443", "8.8.x.x:443"),
        ("239.255.255.250", "239.255.255.250"),
        ("2001:4860:4860::8888", "2001:4860:4860:x"),
        ("fd00::1", "fd00::1"),
        ("12:16:10 joined: 1.2.3.4.5", "12:16:10 joined: 1.2.3.4.5"),
        ("999.1.1.1", "999.1.1.1"),
    ],
)
def test_addresses_keep_what_says_nothing_of_the_person(text: str, clean: str) -> None:
    assert cleaned(text) == clean


def test_what_is_no_text_stays() -> None:
    assert cleaned({"a": (1, 2.5, None, True)}) == {"a": [1, 2.5, None, True]}
