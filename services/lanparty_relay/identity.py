"""Who this relay is: its certificate and pin."""

import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lanparty_command import CommandFailed
from lanparty_quic.identity import IdentityError, ServerIdentity
from lanparty_relay.state_directory import StateDirectory

__all__ = ["CERTIFICATE_FILE", "KEY_FILE", "PIN_FILE", "load_identity"]

CERTIFICATE_FILE: Final = "relay-cert.pem"
KEY_FILE: Final = "relay-key.pem"
PIN_FILE: Final = "pin"

_VALIDITY: Final = datetime.timedelta(days=20 * 365)
"""Players trust the pinned key and not the dates; an early end would only break their invites."""

_CLOCK_SKEW: Final = datetime.timedelta(days=1)


def load_identity(state: StateDirectory, *, cert: Path | None, key: Path | None) -> ServerIdentity:
    """Read the given certificate and key, or the state directory's, made on the first start.

    Keeps the pin in the state directory. Raises `CommandFailed`.
    """
    if cert is not None and key is not None:
        identity = _read(cert, key, way_out="Check --cert and --key")
    else:
        identity = _own_identity(state)
    pin = f"{identity.pin}\n".encode()
    if state.read(PIN_FILE) != pin:
        state.write(PIN_FILE, pin)
    return identity


def _own_identity(state: StateDirectory) -> ServerIdentity:
    certificate = state.path / CERTIFICATE_FILE
    key = state.path / KEY_FILE
    # The key first: if the relay dies in between, the next start finds no certificate and makes
    # one for the key that is there, so that a key is never replaced behind an operator's back.
    if state.read(KEY_FILE, secret=True) is None:
        if state.read(CERTIFICATE_FILE) is not None:
            raise CommandFailed(
                f"{key} is missing, the key of {certificate}: put it back, or remove the "
                "certificate to get a new one (players then need the new pin)"
            )
        state.write(KEY_FILE, _pem(ec.generate_private_key(ec.SECP256R1())), secret=True)
    if state.read(CERTIFICATE_FILE) is None:
        state.write(CERTIFICATE_FILE, _self_signed(_own_key(state, key)))
    return _read(
        certificate,
        key,
        way_out="Remove both files to get new ones (players then need the new pin)",
    )


def _read(certificate: Path, key: Path, *, way_out: str) -> ServerIdentity:
    try:
        return ServerIdentity.load(certificate, key)
    except IdentityError as error:
        raise CommandFailed(f"{_in_own_words(error)}. {way_out}") from error


def _in_own_words(error: IdentityError) -> str:
    """Say why a file can't be used, in our words rather than a library's."""
    library = error.__cause__
    if library is None:
        return str(error)
    what = str(error).removesuffix(f": {library}")
    match library:
        case OSError():
            return f"{what}: {library.strerror}"
        case TypeError():  # The only argument of which the type can be wrong is the password.
            return f"{what}: it is encrypted, and the relay asks for no password"
        case UnsupportedAlgorithm():
            return f"{what}: it is of a kind that the relay doesn't know"
    return f"{what}: it is no PEM file of that kind"


def _own_key(state: StateDirectory, file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(
            state.read(KEY_FILE, secret=True) or b"", password=None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CommandFailed(
            f"no private key can be read from {file}. Remove it to get a new one (players then "
            "need the new pin)"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CommandFailed(f"the key in {file} was not made by this relay: give it with --key")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "softlan relay")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - _CLOCK_SKEW)
        .not_valid_after(today + _VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("softlan.invalid")]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
