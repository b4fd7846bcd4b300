"""How a person says which relay is the right one: a pin, a file with it, or authorities.

And how long it is waited for.
"""

from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cryptography import x509
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from lanparty_command import CommandFailed, ExitCode, Option
from lanparty_ctrl.fields import Pin
from lanparty_quic import CertificateAuthority, PinnedKey, Trust

__all__ = [
    "RELAY_GROUP",
    "Authorities",
    "CaFileOption",
    "ConnectTimeoutOption",
    "PinFileOption",
    "PinOption",
    "read_authorities",
    "read_line",
    "read_pin",
    "trust_of",
]

RELAY_GROUP: Final = "relay"
"""The heading in the help under which these options stand."""

_PIN_FORM: Final = "sha256: and 43 letters, digits, - and _, as the relay prints it"

PinOption: TypeAlias = Annotated[
    Pin | None,
    Field(description="The relay's pin, as it prints it at its start."),
    Option(metavar="sha256:...", group=RELAY_GROUP, form=_PIN_FORM),
]
PinFileOption: TypeAlias = Annotated[
    Path | None,
    Field(description="A file with the pin: `pin` in the relay's state directory."),
    Option(group=RELAY_GROUP),
]
CaFileOption: TypeAlias = Annotated[
    Path | None,
    Field(description="Authorities that vouch for the relay's certificate."),
    Option(group=RELAY_GROUP, default_text="the system's, if there is no pin"),
]
ConnectTimeoutOption: TypeAlias = Annotated[
    float,
    Field(description="How long the relay may take to answer.", gt=0, le=300),
    Option(metavar="SECONDS", group=RELAY_GROUP),
]


_LONGEST_AUTHORITIES: Final = 131_072
"""Characters, about a hundred certificates: they travel in one line of the local socket."""


def _require_certificates(text: str) -> str:
    if len(text) > _LONGEST_AUTHORITIES:
        raise ValueError(f"it has more than {_LONGEST_AUTHORITIES} characters")
    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise ValueError("it holds no certificate in PEM form") from None
    return text


Authorities: TypeAlias = Annotated[str, AfterValidator(_require_certificates)]
"""Certificates of authorities in PEM, as a text that can be used."""


def trust_of(*, pin: str | None, pin_file: Path | None, ca_file: Path | None) -> Trust:
    """Put together what proves the relay; the first of them that is given holds.

    Raises `CommandFailed` if a file can't be used.
    """
    if pin is not None:
        return PinnedKey(pin)
    if pin_file is not None:
        return PinnedKey(read_pin(pin_file))
    return CertificateAuthority(None if ca_file is None else read_authorities(ca_file))


def read_pin(file: Path) -> str:
    """Read a file with a pin; raise `CommandFailed` if it holds none."""
    try:
        return TypeAdapter(Pin).validate_python(read_line(file))
    except ValidationError:
        raise CommandFailed(
            f"{file} holds no pin: write {_PIN_FORM}.",
            exit_code=ExitCode.USAGE,
        ) from None


def read_authorities(file: Path) -> str:
    """Read the certificates of authorities; raise `CommandFailed` if there are none to be used."""
    try:
        with file.open(encoding="utf-8") as opened:
            return _require_certificates(opened.read(_LONGEST_AUTHORITIES + 1))
    except OSError as error:
        reason = error.strerror or "it is no file"
    except UnicodeDecodeError:
        reason = "it holds no certificate in PEM form"
    except ValueError as error:
        reason = str(error)
    raise CommandFailed(f"--ca-file: can't use {file}: {reason}.", exit_code=ExitCode.USAGE)


def read_line(file: Path) -> str:
    """Read a file of one line, such as a pin or a token; raise `CommandFailed` if it can't be."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandFailed(f"Can't read {file}: {reason}.", exit_code=ExitCode.USAGE) from error
