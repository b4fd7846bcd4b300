"""Certificates, keys and pins."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from lanparty_quic.identity import IdentityError, ServerIdentity, pin_of

RARE_KEY = b"""\
-----BEGIN EC PRIVATE KEY-----
MF8CAQEEGGjhGK+UAR9z0SHZxPCj26Ry+utsaezvTaAKBggqhkjOPQMBA6E0AzIA
BLSKpUIaQ7giBuw1X+FU4j8temN5lLxz/t5OYM0sCoIcPc21iCsnNxP5jWLfTfmH
OA==
-----END EC PRIVATE KEY-----
"""
"""On a curve that hardly any library knows: prime192v3, made by openssl."""


def key_pem(identity: ServerIdentity) -> bytes:
    return identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write(
    folder: Path, identity: ServerIdentity, key: bytes, *chain: ServerIdentity
) -> tuple[Path, Path]:
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificates = [identity.certificate, *(link.certificate for link in chain)]
    cert_file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    key_file.write_bytes(key)
    return cert_file, key_file


def test_a_pin_is_the_hash_of_the_public_key_info(identity: ServerIdentity) -> None:
    info = identity.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    kind, _, text = pin_of(identity.certificate).partition(":")
    assert kind == "sha256"
    assert base64.urlsafe_b64decode(text + "=") == hashlib.sha256(info).digest()
    assert "=" not in text
    assert identity.pin == pin_of(identity.certificate)


def test_files_are_read_with_their_chain(
    tmp_path: Path, identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    files = write(tmp_path, identity, key_pem(identity), other_identity)
    loaded = ServerIdentity.load(*files)
    assert loaded.pin == identity.pin
    assert loaded.chain == (other_identity.certificate,)


def test_a_key_of_another_certificate_is_refused(
    tmp_path: Path, identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    with pytest.raises(IdentityError, match="is not that of"):
        ServerIdentity.load(*write(tmp_path, identity, key_pem(other_identity)))


def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, identity: ServerIdentity) -> None:
    exchange_only = x25519.X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(IdentityError, match="can't sign"):
        ServerIdentity.load(*write(tmp_path, identity, exchange_only))


def test_a_key_of_a_kind_that_nobody_knows_is_refused(
    tmp_path: Path, identity: ServerIdentity
) -> None:
    with pytest.raises(IdentityError, match="no private key can be read"):
        ServerIdentity.load(*write(tmp_path, identity, RARE_KEY))


@pytest.mark.parametrize("broken", ["cert.pem", "key.pem"])
def test_the_file_that_cannot_be_read_is_named(
    tmp_path: Path, identity: ServerIdentity, broken: str
) -> None:
    files = write(tmp_path, identity, key_pem(identity))
    (tmp_path / broken).write_text("nonsense")
    with pytest.raises(IdentityError, match=broken):
        ServerIdentity.load(*files)
    (tmp_path / broken).unlink()
    with pytest.raises(IdentityError, match=broken):
        ServerIdentity.load(*files)
