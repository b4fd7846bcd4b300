"""One settings class per command: every field is a flag and an environment variable.

A field `state_dir` of a `CommandSettings` class is `--state-dir` and `LANPARTY_STATE_DIR`. The
flag wins. Its `Field(description=...)` is its help, its `Option` the rest of its face. Values are
read once, by `program.run_program`, and never change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

from lanparty_command.addresses import ListenAddress, RelayAddress

__all__ = [
    "CommandSettings",
    "Option",
    "Relay",
    "TcpListen",
    "UdpListen",
    "environment_variable",
    "flag",
]

_PREFIX: Final = "LANPARTY_"


@dataclass(frozen=True, slots=True)
class Option:
    """How a field looks on the command line; goes into the field's `Annotated`."""

    metavar: str | None = None
    """What stands for the value in the help; guessed from the type when None."""
    group: str = ""
    """The heading in the help under which the option stands; the first one when empty."""
    default_text: str | None = None
    """How the help says the default; the default itself when None."""
    short: str | None = None
    """A one-letter spelling beside the long one: `-q`."""
    form: str = ""
    """What a value looks like, for whoever wrote another: "sha256: and 43 letters"."""
    positional: bool = False
    """An argument without a flag: `join INVITE`. It has its variable all the same."""


class CommandSettings(BaseModel):
    """Base of every command's settings. Making one raises `pydantic.ValidationError`.

    A field whose name is taken in Python or pydantic ends in an underscore, which is not spelled:
    `json_` is `--json`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _something_is_given(cls, value: object) -> object:
        # An empty variable counts as not set; an empty flag is a slip, such as an unset variable
        # of the shell's, and an empty path would be the working directory.
        if value == "":
            raise ValueError("must not be empty")
        return value


def flag(field_name: str) -> str:
    """Spell a field's option: `state_dir` -> `--state-dir`."""
    return "--" + field_name.rstrip("_").replace("_", "-")


def environment_variable(field_name: str) -> str:
    """Spell a field's variable: `state_dir` -> `LANPARTY_STATE_DIR`."""
    return _PREFIX + field_name.rstrip("_").upper()


def _parsed_by(parse: Callable[[str], object]) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


UdpListen = Annotated[
    ListenAddress,
    _parsed_by(lambda text: ListenAddress.parse(text, transport="udp")),
    Option(metavar="PORT|ADDRESS:PORT"),
]
"""Where to serve QUIC: `443/udp`, `443`, `192.0.2.1:443`, `[2001:db8::1]:443`, `0`."""

TcpListen = Annotated[
    ListenAddress,
    _parsed_by(lambda text: ListenAddress.parse(text, transport="tcp", host="127.0.0.1")),
    Option(metavar="ADDRESS:PORT"),
]
"""Where to serve HTTP; a port alone means the loopback address."""

Relay = Annotated[RelayAddress, _parsed_by(RelayAddress.parse), Option(metavar="HOST[:PORT]")]
"""The relay to dial; port 443 unless said."""
