from pathlib import Path

import pytest
from pydantic import ValidationError

from lanparty_command import CommandFailed, RelayAddress
from lanparty_ctrl import Role
from lanparty_proto import MacAddress
from lanparty_quic import CertificateAuthority, PinnedKey
from lanparty_sim.settings import JoinSettings, LoadSettings, RelaySettings, read_line

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


def test_without_a_pin_an_authority_vouches(tmp_path: Path) -> None:
    assert RelaySettings(relay=RELAY).known_relay().trust == CertificateAuthority()
    known = RelaySettings(relay=RELAY, ca_file=tmp_path / "ca.pem").known_relay()
    assert known.trust == CertificateAuthority(str(tmp_path / "ca.pem"))


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
    [{"room": "!"}, {"pin": "sha256:short"}, {"mac": "01:00:00:00:00:00"}, {"name": "a\nb"}],
)
def test_what_can_not_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        JoinSettings.model_validate({"relay": RELAY} | wrong)


@pytest.mark.parametrize("wrong", [{"players": 1}, {"frame_size": 1_515}, {"rate": 0}])
def test_a_load_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        LoadSettings.model_validate({"relay": RELAY} | wrong)
