from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

from lanparty_command import CommandFailed
from lanparty_quic.identity import ServerIdentity
from lanparty_relay.credentials import Credentials
from lanparty_relay.settings import RelaySettings
from lanparty_relay.state_directory import StateDirectory

NEW_TOKEN = "fedcba9876543210"


class Files:
    """Certificate, key and token as an operator gives them, and what was logged about them."""

    def __init__(self, folder: Path, identity: ServerIdentity) -> None:
        self.cert, self.key, self.token = folder / "cert.pem", folder / "key.pem", folder / "token"
        self.state = StateDirectory(folder / "state")
        self.state.path.mkdir()
        self.put(identity)
        self.token.write_text("0123456789abcdef\n")
        self.credentials = Credentials(
            RelaySettings(
                state_dir=self.state.path,
                cert=self.cert,
                key=self.key,
                admin_token_file=self.token,
            ),
            self.state,
        )
        self._written = CapturingLogger()

    def put(self, identity: ServerIdentity, *chain: ServerIdentity) -> None:
        certificates = [each.certificate for each in (identity, *chain)]
        self.cert.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
        self.key.write_bytes(
            identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def renew(self) -> list[tuple[str, str]]:
        """Renew, and return the level and the event of each line."""
        self.credentials.renew(BoundLogger(self._written, [], {}))
        return [(call.method_name, call.kwargs["event"]) for call in self._written.calls]

    @property
    def fields(self) -> dict[str, object]:
        """The fields of the first line."""
        return dict(self._written.calls[0].kwargs)


@pytest.fixture
def files(tmp_path: Path, identity: ServerIdentity) -> Files:
    return Files(tmp_path, identity)


def test_what_is_the_same_is_said_to_be(files: Files, identity: ServerIdentity) -> None:
    assert files.renew() == [("info", "certificate unchanged"), ("info", "admin token unchanged")]
    assert files.credentials.identity.pin == identity.pin


def test_a_new_token_is_taken_on_and_not_written_into_the_log(files: Files) -> None:
    files.token.write_text(NEW_TOKEN)
    assert files.renew()[1] == ("info", "admin token renewed")
    assert files.credentials.token == NEW_TOKEN
    assert NEW_TOKEN not in str(files.fields)


def test_a_new_certificate_for_the_same_key_is_no_warning(
    files: Files, identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    files.put(identity, other_identity)
    assert files.renew()[0] == ("info", "certificate renewed, the pin is the same")
    assert files.credentials.identity.chain == (other_identity.certificate,)


def test_another_key_is_a_warning_with_the_new_pin(
    files: Files, other_identity: ServerIdentity
) -> None:
    files.put(other_identity)
    assert files.renew()[0] == ("warning", "certificate renewed, its key is another")
    assert files.fields["pin"] == other_identity.pin
    assert files.fields["valid_until"] == str(other_identity.certificate.not_valid_after_utc.date())
    assert files.credentials.identity.pin == other_identity.pin
    assert files.state.read("pin") == f"{other_identity.pin}\n".encode()


def test_files_that_do_not_fit_change_nothing_and_the_token_is_renewed_all_the_same(
    files: Files, identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    key = files.key.read_bytes()
    files.put(other_identity)
    files.key.write_bytes(key)
    files.token.write_text(NEW_TOKEN)
    assert files.renew() == [
        ("error", "certificate not renewed"),
        ("info", "admin token renewed"),
    ]
    assert "is not that of" in str(files.fields["reason"])
    assert files.credentials.identity.pin == identity.pin
    assert files.state.read("pin") == f"{identity.pin}\n".encode()


def test_a_token_that_is_none_changes_nothing_and_the_certificate_is_renewed_all_the_same(
    files: Files, other_identity: ServerIdentity
) -> None:
    files.put(other_identity)
    files.token.write_text("short")
    old = files.credentials.token
    assert files.renew() == [
        ("warning", "certificate renewed, its key is another"),
        ("error", "admin token not renewed"),
    ]
    assert files.credentials.token == old
    assert files.credentials.identity.pin == other_identity.pin


def test_at_the_start_what_cannot_be_read_is_raised(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    absent = tmp_path / "absent.pem"
    settings = RelaySettings(state_dir=tmp_path / "state", cert=absent, key=absent)
    with pytest.raises(CommandFailed, match="--cert"):
        Credentials(settings, StateDirectory(tmp_path / "state"))
