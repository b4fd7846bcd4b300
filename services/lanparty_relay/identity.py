"""Who this relay is: its certificate and pin, and the token of its admin API."""

import datetime
import secrets
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lanparty_command import CommandFailed
from lanparty_quic.identity import IdentityError, ServerIdentity
from lanparty_relay.state_directory import StateDirectory

__all__ = [
    "ADMIN_TOKEN_FILE",
    "CERTIFICATE_FILE",
    "KEY_FILE",
    "PIN_FILE",
    "load_admin_token",
    "load_identity",
]

CERTIFICATE_FILE: Final = "relay-cert.pem"
KEY_FILE: Final = "relay-key.pem"
PIN_FILE: Final = "pin"
ADMIN_TOKEN_FILE: Final = "admin-token"  # noqa: S105  a file's name

_VALIDITY: Final = datetime.timedelta(days=20 * 365)
"""Players trust the pinned key and not the dates; an early end would only break their invites."""

_CLOCK_SKEW: Final = datetime.timedelta(days=1)

_TOKEN_BYTES: Final = 32
_SHORTEST_TOKEN: Final = 16
"""Characters: what is shorter can be guessed."""


def load_identity(state: StateDirectory, *, cert: Path | None, key: Path | None) -> ServerIdentity:
    """Read the given certificate and key, or the state directory's, made on the first start.

    Keeps the pin in the state directory. Raises `CommandFailed`.
    """
    if cert is not None and key is not None:
        identity = _read(cert, key, way_out="Check --cert and --key")
    else:
        identity = _own_identity(state)
    state.write(PIN_FILE, f"{identity.pin}\n".encode())
    return identity


def load_admin_token(state: StateDirectory, token_file: Path | None) -> str:
    """Read the token from its file, or the state directory's, made on the first start.

    Raises `CommandFailed`.
    """
    if token_file is not None:
        try:
            return _checked_token(token_file.read_bytes(), token_file)
        except OSError as error:
            raise CommandFailed(
                f"--admin-token-file: {token_file} can't be read: {error.strerror}"
            ) from error
    kept = state.read(ADMIN_TOKEN_FILE, secret=True)
    if kept is not None:
        return _checked_token(kept, state.path / ADMIN_TOKEN_FILE)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    state.write(ADMIN_TOKEN_FILE, f"{token}\n".encode(), secret=True)
    return token


def _checked_token(content: bytes, file: Path) -> str:
    token = content.decode("ascii", errors="replace").strip()
    if len(token) < _SHORTEST_TOKEN or not all("!" <= letter <= "~" for letter in token):
        raise CommandFailed(
            f"{file} holds no admin token: write at least {_SHORTEST_TOKEN} printable ASCII "
            "characters without spaces on one line, or remove the file to get a new token"
        )
    return token


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
    return f"{what}: it is no PEM file of that kind"


def _own_key(state: StateDirectory, file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(
            state.read(KEY_FILE, secret=True) or b"", password=None
        )
    except (ValueError, TypeError) as error:
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
