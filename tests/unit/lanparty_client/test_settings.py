from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from lanparty_client.settings import JoinSettings
from lanparty_command import CommandFailed, RelayAddress
from lanparty_quic.identity import ServerIdentity

PIN = "sha256:" + "A" * 43
OTHER_PIN = "sha256:" + "B" * 43
INVITE = f"softlan://relay.example/7K3M-9QXR-T2V#{PIN}"


def settings(**given: str) -> JoinSettings:
    return JoinSettings.model_validate({"name": "Ann"} | given)


def test_an_invite_is_enough() -> None:
    wish = settings(invite=INVITE).wish()
    assert wish.relay == RelayAddress("relay.example")
    assert wish.room is not None
    assert wish.room.code == "7K3M9QXRT2V"
    assert wish.pin == PIN
    assert not wish.create


def test_a_relay_alone_makes_a_room() -> None:
    wish = settings(relay="relay.example:4433", pin=PIN).wish()
    assert wish.relay == RelayAddress("relay.example", 4_433)
    assert wish.room is None
    assert wish.create


def test_what_an_invite_says_may_be_said_again() -> None:
    wish = settings(invite=INVITE, relay="relay.example:443", room="7k3m9qxrt2v", pin=PIN).wish()
    assert wish.pin == PIN


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"relay": "other.example"}, "--relay"),
        ({"room": "other"}, "--room"),
        ({"pin": OTHER_PIN}, "the pin"),
    ],
)
def test_an_invite_and_something_else_are_a_mistake(given: dict[str, str], said: str) -> None:
    with pytest.raises(CommandFailed, match=said) as failed:
        settings(invite=INVITE, **given).wish()
    assert failed.value.exit_code == 2


def test_an_invite_without_a_pin_takes_the_one_that_is_given(tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n")
    wish = settings(invite="softlan://relay.example/ABCDE", pin_file=str(file)).wish()
    assert wish.pin == PIN


def test_without_relay_and_invite_both_are_named() -> None:
    with pytest.raises(CommandFailed, match="--relay HOST") as failed:
        settings().wish()
    assert failed.value.exit_code == 2


def test_authorities_are_read_before_the_service_is_asked(
    tmp_path: Path, identity: ServerIdentity
) -> None:
    file = tmp_path / "authorities.pem"
    certificates = identity.certificate.public_bytes(Encoding.PEM).decode()
    file.write_text(certificates)
    assert settings(relay="relay.example", ca_file=str(file)).wish().authorities == certificates
    with pytest.raises(CommandFailed, match="No such file"):
        settings(relay="relay.example", ca_file=str(tmp_path / "none.pem")).wish()


@pytest.mark.parametrize("name", ["lan0", "lan-party_1", "a.b", "x" * 15])
def test_an_interface_has_a_name_that_the_kernel_takes(name: str) -> None:
    assert settings(interface=name).interface == name


@pytest.mark.parametrize(
    "name", [".", "..", "all", "default", "lo", "a/b", "lan 0", "lan%d", "x" * 16, "é"]
)
def test_other_names_for_an_interface_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="interface"):
        settings(interface=name)


@pytest.mark.parametrize("text", ["auto", "dhcp", "none", "10.0.0.5/24"])
def test_an_address_is_chosen_by_word_or_number(text: str) -> None:
    assert str(settings(address=text).address) == text


def test_a_name_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(ValidationError):
        settings(name="\u202e")
