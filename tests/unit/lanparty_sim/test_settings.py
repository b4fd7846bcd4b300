from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option, RelayAddress
from lanparty_ctrl import Role, RoomCode
from lanparty_endpoint.trust import read_line
from lanparty_endpoint.typed_room import TypedRoom
from lanparty_proto import MacAddress
from lanparty_quic import CertificateAuthority, PinnedKey
from lanparty_quic.identity import ServerIdentity
from lanparty_sim.settings import (
    EndToEndSettings,
    JoinSettings,
    LoadSettings,
    RelaySettings,
)

PIN = "sha256:" + "A" * 43
RELAY = RelayAddress("relay.example")


def test_a_pin_is_trusted_and_no_authority() -> None:
    known = RelaySettings(relay=RELAY, pin=PIN).known_relay()
    assert known.address == RELAY
    assert known.trust == PinnedKey(PIN)


def test_a_pin_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(PIN + "\n")
    known = RelaySettings(relay=RELAY, pin_file=tmp_path / "pin").known_relay()
    assert known.trust == PinnedKey(PIN)


def test_without_a_pin_an_authority_vouches(tmp_path: Path, identity: ServerIdentity) -> None:
    assert RelaySettings(relay=RELAY).known_relay().trust == CertificateAuthority()
    file = tmp_path / "ca.pem"
    certificates = identity.certificate.public_bytes(Encoding.PEM).decode()
    file.write_text(certificates)
    known = RelaySettings(relay=RELAY, ca_file=file).known_relay()
    assert known.trust == CertificateAuthority(certificates)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (None, "No such file"),
        ("nonsense", "it holds no certificate"),
        ("\n" * 200_000, "it has more than"),
    ],
)
def test_a_file_without_authorities_is_the_persons_mistake(
    tmp_path: Path, content: str | None, hint: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandFailed, match=f"--ca-file: can't use {file}: {hint}") as caught:
        RelaySettings(relay=RELAY, ca_file=file).known_relay()
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_file_that_holds_no_pin_is_the_persons_mistake(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("not a pin")
    with pytest.raises(CommandFailed, match="holds no pin"):
        RelaySettings(relay=RELAY, pin_file=tmp_path / "pin").known_relay()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="nothing-here"):
        read_line(tmp_path / "nothing-here")


def test_texts_become_values() -> None:
    texts = {"relay": "relay.example:4433", "role": "gateway", "mac": "02-00-00-00-00-01"}
    settings = JoinSettings.model_validate(texts)
    assert settings.relay == RelayAddress("relay.example", 4433)
    assert settings.role is Role.GATEWAY
    assert settings.mac == MacAddress.parse("02:00:00:00:00:01")


@pytest.mark.parametrize(
    "wrong",
    [
        {"room": "!"},
        {"pin": "sha256:short"},
        {"mac": "01:00:00:00:00:00"},
        {"name": "a\nb"},
        {"address": "224.0.0.1"},
        {"address": "127.0.0.1"},
        {"address": "0.0.0.0"},
        {"address": "255.255.255.255"},
    ],
)
def test_what_can_not_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        JoinSettings.model_validate({"relay": RELAY} | wrong)


@pytest.mark.parametrize("wrong", [{"bystanders": 0}, {"bystanders": 61}, {"bystanders_room": "!"}])
def test_bystanders_that_can_not_be_are_refused(wrong: dict[str, str | int]) -> None:
    with pytest.raises(ValidationError):
        EndToEndSettings.model_validate({"relay": RELAY} | wrong)


@pytest.mark.parametrize("wrong", [{"players": 1}, {"frame_size": 1_515}, {"rate": 0}])
def test_a_load_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        LoadSettings.model_validate({"relay": RELAY} | wrong)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://relay.example:8080", "http://relay.example:8080"),
        ("https://relay.example/", "https://relay.example"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("relay.example:8080", "http://relay.example:8080"),
        ("8080", "http://127.0.0.1:8080"),
        ("8080/tcp", "http://127.0.0.1:8080"),
        ("*:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_api_is_named_by_an_url_or_as_the_relay_names_it(text: str, url: str) -> None:
    assert EndToEndSettings(relay=RELAY, admin=text).admin == url


@pytest.mark.parametrize("text", ["frog", "ftp://relay", "http://", "a:0", "a:65536", "a:", "::1"])
def test_what_names_no_api_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValidationError, match=r"write http://127\.0\.0\.1:8080 or"):
        EndToEndSettings(relay=RELAY, admin=text)


@pytest.mark.parametrize("settings", [JoinSettings, EndToEndSettings, LoadSettings])
def test_every_field_with_a_pattern_says_its_form(settings: type[CommandSettings]) -> None:
    for name, field in settings.model_fields.items():
        if "pattern" in repr(settings.model_json_schema()["properties"].get(name, "")):
            (option,) = (mark for mark in field.metadata if isinstance(mark, Option))
            assert option.form, name


def test_a_room_is_spelled_as_its_person_does_and_another_to_be_read_aloud() -> None:
    room = TypedRoom.parse(" friday ")
    assert room.code == RoomCode("FR1DAY")
    assert room.spelled(RoomCode("FRIDAY")) == "friday"
    assert room.spelled(RoomCode("7K3M9QXRT2V")) == "7K3M-9QXR-T2V"
    assert "friday" not in repr(room)
