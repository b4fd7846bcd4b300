"""`lanparty-relay health`: whether the relay on this host is in order; a container's health check.

Runs often and beside the players, so it loads nothing that serving needs.
"""

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Annotated

from pydantic import Field

from lanparty_command import (
    CommandFailed,
    CommandSettings,
    ExitCode,
    ListenAddress,
    Option,
    TcpListen,
)
from lanparty_relay.settings import DEFAULT_ADMIN

__all__ = ["HealthSettings", "tell_health"]

_EVERY_ADDRESS = {None, "0.0.0.0", "::"}  # noqa: S104  compared, not bound
_LOOPBACK = "127.0.0.1"


class HealthSettings(CommandSettings):
    """Settings of `lanparty-relay health`."""

    admin: Annotated[
        TcpListen,
        Field(description="The relay's --admin; of every address, the loopback is asked."),
        Option(metavar="ADDRESS:PORT"),
    ] = DEFAULT_ADMIN
    timeout: Annotated[
        float,
        Field(gt=0, le=60, description="How long the answer may take."),
        Option(metavar="SECONDS"),
    ] = 3.0


def tell_health(settings: HealthSettings) -> int:
    """Ask /readyz and say what it answers; 0 if both halves of the relay are in order.

    Raises `CommandFailed` if not, or if nothing answers.
    """
    status, body = _ask(settings.admin, settings.timeout)
    if status != HTTPStatus.OK:
        raise CommandFailed(_detail(body) or f"the admin API answers {status} to /readyz")
    print("The relay is ready.")
    return ExitCode.OK


def _ask(admin: ListenAddress, timeout: float) -> tuple[int, bytes]:
    host = _LOOPBACK if admin.host in _EVERY_ADDRESS else str(admin.host)
    connection = HTTPConnection(host, admin.port, timeout=timeout)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except TimeoutError:
        reason = f"gave no answer within {timeout:g} s"
    except OSError as error:
        reason = f"can't be reached: {error.strerror or error}"
    except HTTPException:
        reason = "doesn't answer as a relay does"
    finally:
        connection.close()
    raise CommandFailed(
        f"the admin API at {ListenAddress(host, admin.port)} {reason}. "
        "Start the relay, or name its --admin"
    )


def _detail(body: bytes) -> str:
    """Return the sentence of a problem document (RFC 9457); empty if it is none."""
    try:
        problem = json.loads(body)
    except ValueError:
        return ""
    return str(problem.get("detail", "")) if isinstance(problem, dict) else ""
