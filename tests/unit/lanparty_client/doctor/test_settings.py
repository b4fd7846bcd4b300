"""The settings of `doctor` and `ping`, and what they refuse."""

from pathlib import Path

import pytest

from lanparty_client.program import run
from lanparty_command import CommandFailed, ExitCode, RelayAddress
from lanparty_endpoint.doctor_settings import ExaminedRelaySettings
from lanparty_endpoint.invite import Invite
from lanparty_quic.endpoint import CertificateAuthority, PinnedKey

PIN = "sha256:" + "A" * 43
INVITE = f"softlan://relay.example:4433/GATEWAYROOM#{PIN}"


def test_an_invite_names_relay_and_pin() -> None:
    known = ExaminedRelaySettings(invite=Invite.parse(INVITE)).given_relay()
    assert known is not None
    assert known.address == RelayAddress("relay.example", 4433)
    assert known.trust == PinnedKey(PIN)


def test_without_a_pin_the_systems_authorities_count() -> None:
    known = ExaminedRelaySettings(relay=RelayAddress("relay.example", 443)).given_relay()
    assert known is not None
    assert known.trust == CertificateAuthority(None)


def test_nothing_given_means_the_running_sessions_relay() -> None:
    assert ExaminedRelaySettings().given_relay() is None


def test_an_invite_beside_a_relay_is_refused() -> None:
    settings = ExaminedRelaySettings(
        invite=Invite.parse(INVITE), relay=RelayAddress("other.example", 443)
    )
    with pytest.raises(CommandFailed, match="leave out --relay"):
        settings.given_relay()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["ping"], ExitCode.USAGE, "Whom?"),
        (["ping", "bob", "-c", "0"], ExitCode.USAGE, "--count"),
        (["ping", "bob"], ExitCode.FAILURE, "in no room"),
        (["ping", "bob", "--interface=lan7"], ExitCode.FAILURE, "lan7 is in no room"),
        (["doctor"], ExitCode.USAGE, "which relay?"),
        (["doctor", "--interface=lan7"], ExitCode.FAILURE, "lan7 is in no room"),
        (["doctor", "softlan://"], ExitCode.USAGE, "INVITE"),
    ],
)
def test_what_can_not_be_done_is_a_sentence_and_an_exit_code(
    arguments: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANPARTY_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("LANPARTY_RELAY", raising=False)
    assert run(arguments) == code
    assert sentence in capsys.readouterr().err
