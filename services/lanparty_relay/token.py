"""`lanparty-relay token`: the admin API's token, for a person or a script, and its renewal."""

import sys
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from lanparty_command import CommandFailed, CommandSettings, ExitCode, Option
from lanparty_relay.admin_token import make_admin_token, read_admin_token
from lanparty_relay.settings import state_directory
from lanparty_relay.state_directory import StateDirectory

__all__ = ["TokenSettings", "tell_token"]


class TokenSettings(CommandSettings):
    """Settings of `lanparty-relay token`."""

    state_dir: Annotated[
        Path, Field(description="The relay's state directory."), Option(metavar="DIR")
    ] = Field(default_factory=state_directory)
    admin_token_file: Annotated[
        Path | None,
        Field(description="The relay's --admin-token-file, if it was given one."),
        Option(metavar="FILE", default_text="DIR/admin-token"),
    ] = None
    renew: Annotated[
        bool,
        Field(description="Make a new token. A running relay takes it over at SIGHUP."),
    ] = False

    @model_validator(mode="after")
    def _an_operators_own_file_stays(self) -> Self:
        if self.renew and self.admin_token_file is not None:
            raise ValueError(
                "--renew is for the state directory's token: write --admin-token-file yourself"
            )
        return self


def tell_token(settings: TokenSettings) -> int:
    """Print the token alone on stdout. Raises `CommandFailed` if there is none."""
    state = StateDirectory(settings.state_dir)
    if settings.renew:
        token = make_admin_token(state)
        print(
            "The new token holds from the relay's next start, or from a SIGHUP on: "
            "kill -HUP PID, or docker compose kill -s HUP relay.",
            file=sys.stderr,
        )
    else:
        found = read_admin_token(state, settings.admin_token_file)
        if found is None:
            raise CommandFailed(
                f"{settings.state_dir} holds no admin token: a relay makes it when it starts. "
                "Start one, or name its --state-dir"
            )
        token = found
    print(token)
    return ExitCode.OK
