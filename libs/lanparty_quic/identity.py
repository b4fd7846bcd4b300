"""Who a listening endpoint is: its certificate and key, and the pin that a player compares."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

__all__ = ["IdentityError", "ServerIdentity", "ServerKey", "pin_of"]

ServerKey: TypeAlias = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
"""What TLS 1.3 signs with (RFC 8446 section 4.2.3)."""


class IdentityError(Exception):
    """The certificate or key can't be used; the message says which file and why."""


def pin_of(certificate: x509.Certificate) -> str:
    """Return `sha256:` and base64url, unpadded, of SHA-256 over the SubjectPublicKeyInfo."""
    key_info = certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.urlsafe_b64encode(hashlib.sha256(key_info).digest())
    return "sha256:" + digest.decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """A certificate, what it chains to, and its private key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ServerKey

    @property
    def pin(self) -> str:
        """The pin of this certificate's public key."""
        return pin_of(self.certificate)

    @classmethod
    def load(cls, cert_file: str | Path, key_file: str | Path) -> Self:
        """Read PEM files: the certificate first, then its chain. Raises `IdentityError`."""
        try:
            certificates = x509.load_pem_x509_certificates(Path(cert_file).read_bytes())
            public_key = certificates[0].public_key()
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise IdentityError(f"no certificate can be read from {cert_file}: {error}") from error
        try:
            key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise IdentityError(f"no private key can be read from {key_file}: {error}") from error
        if not isinstance(key, ServerKey):
            raise IdentityError(f"TLS can't sign with the kind of key in {key_file}")
        if key.public_key() != public_key:
            raise IdentityError(f"the key in {key_file} is not that of {cert_file}")
        return cls(certificates[0], tuple(certificates[1:]), key)
