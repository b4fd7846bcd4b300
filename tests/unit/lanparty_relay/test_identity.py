import datetime
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from lanparty_command import CommandFailed
from lanparty_quic.identity import ServerIdentity
from lanparty_relay.identity import load_identity
from lanparty_relay.state_directory import StateDirectory

RARE_KEY = """\
-----BEGIN EC PRIVATE KEY-----
MF8CAQEEGGjhGK+UAR9z0SHZxPCj26Ry+utsaezvTaAKBggqhkjOPQMBA6E0AzIA
BLSKpUIaQ7giBuw1X+FU4j8temN5lLxz/t5OYM0sCoIcPc21iCsnNxP5jWLfTfmH
OA==
-----END EC PRIVATE KEY-----
"""
"""On a curve that hardly any library knows: prime192v3, made by openssl."""


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    (tmp_path / "state").mkdir()
    return StateDirectory(tmp_path / "state")


def own(state: StateDirectory) -> ServerIdentity:
    return load_identity(state, cert=None, key=None)


def test_the_first_start_makes_an_identity_and_the_next_keeps_it(state: StateDirectory) -> None:
    assert own(state).pin == own(state).pin


def test_two_relays_have_two_identities(state: StateDirectory, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert own(state).pin != own(StateDirectory(tmp_path / "other")).pin


def test_the_pin_is_kept_beside_the_certificate(state: StateDirectory) -> None:
    identity = own(state)
    assert state.read("pin") == f"{identity.pin}\n".encode()


def test_the_own_certificate_outlives_the_relay(state: StateDirectory) -> None:
    certificate = own(state).certificate
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert left > datetime.timedelta(days=10 * 365)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_the_key_is_for_its_owner_alone(state: StateDirectory) -> None:
    own(state)
    assert stat.S_IMODE((state.path / "relay-key.pem").stat().st_mode) == 0o600


def test_a_key_without_a_certificate_is_kept(state: StateDirectory) -> None:
    first = own(state)
    (state.path / "relay-cert.pem").unlink()
    assert own(state).pin == first.pin


def test_a_certificate_without_its_key_is_not_replaced_in_silence(state: StateDirectory) -> None:
    own(state)
    (state.path / "relay-key.pem").unlink()
    with pytest.raises(CommandFailed, match="is missing"):
        own(state)


def test_files_that_do_not_fit_are_explained_with_a_way_out(state: StateDirectory) -> None:
    own(state)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (state.path / "relay-key.pem").write_bytes(pem)
    with pytest.raises(CommandFailed, match="Remove both"):
        own(state)


@pytest.mark.parametrize("name", ["relay-key.pem", "relay-cert.pem"])
def test_a_damaged_file_is_explained_with_a_way_out(state: StateDirectory, name: str) -> None:
    own(state)
    (state.path / name).write_text("damaged")
    with pytest.raises(CommandFailed, match="Remove"):
        own(state)


def test_a_damaged_key_alone_is_explained(state: StateDirectory) -> None:
    (state.path / "relay-key.pem").write_text("damaged")
    with pytest.raises(CommandFailed, match="Remove it"):
        own(state)


def test_a_foreign_key_is_not_signed_for(state: StateDirectory) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (state.path / "relay-key.pem").write_bytes(pem)
    with pytest.raises(CommandFailed, match="--key"):
        own(state)


def test_a_given_certificate_is_used_and_its_pin_kept(
    state: StateDirectory, tmp_path: Path, identity: ServerIdentity
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert load_identity(state, cert=certificate, key=key).pin == identity.pin
    assert state.read("pin") == f"{identity.pin}\n".encode()
    assert state.read("relay-key.pem") is None


def test_a_given_certificate_that_is_none_is_explained(
    state: StateDirectory, tmp_path: Path
) -> None:
    with pytest.raises(CommandFailed, match="--cert"):
        load_identity(state, cert=tmp_path / "absent.pem", key=tmp_path / "absent.pem")


def encrypted(identity: ServerIdentity) -> bytes:
    hidden = BestAvailableEncryption(b"secret")
    return identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda cert, key, identity: cert.unlink(), "cert.pem: No such file or directory."),
        (lambda cert, key, identity: cert.write_text("x"), "cert.pem: it is no PEM file"),
        (lambda cert, key, identity: key.write_text("x"), "key.pem: it is no PEM file"),
        (
            lambda cert, key, identity: key.write_bytes(encrypted(identity)),
            "key.pem: it is encrypted",
        ),
        (lambda cert, key, identity: key.write_text(RARE_KEY), "key.pem: it is of a kind that"),
    ],
    ids=["absent", "no certificate", "no key", "encrypted", "rare"],
)
def test_why_a_file_can_not_be_used_is_said_without_a_librarys_words(
    state: StateDirectory,
    tmp_path: Path,
    identity: ServerIdentity,
    damage: Callable[[Path, Path, ServerIdentity], object],
    reason: str,
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    damage(cert, key, identity)
    with pytest.raises(CommandFailed) as caught:
        load_identity(state, cert=cert, key=key)
    said = str(caught.value)
    assert reason in said
    assert said.endswith("Check --cert and --key")
    assert not any(word in said for word in ("cryptography", "OpenSSL", "Errno", "Password"))
