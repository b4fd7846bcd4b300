"""Errors as problem details (RFC 9457): one shape for all, in the answers and in the schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from lanparty_relay.admin.body_limit import LARGEST_BODY
from lanparty_relay.admin.state import RelayNotAnsweringError
from lanparty_relay.core import RoomRefusal

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "Problem",
    "ProblemDetails",
    "handle_problems",
    "problem_responses",
]

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_SCHEMA: Final = {"$ref": "#/components/schemas/ProblemDetails"}


class InvalidValue(BaseModel):
    """One value of a request that can't be taken."""

    location: Annotated[str, Field(description="Where it stands.", examples=["path.peer_id"])]
    message: Annotated[str, Field(description="What is wrong with it.")]


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    type: Annotated[
        str, Field(description="Always `about:blank`: the status says which kind of problem it is.")
    ] = "about:blank"
    title: Annotated[str, Field(description="The status in words.", examples=["Not Found"])]
    status: Annotated[int, Field(ge=400, le=599, description="The HTTP status.", examples=[404])]
    detail: Annotated[str, Field(description="What happened, for a person.")]
    reason: Annotated[
        RoomRefusal | None, Field(description="With 409: why the room can't be made or changed.")
    ] = None
    room_id: Annotated[
        str | None,
        Field(description="With 409: the room that has the code already, or can't be changed."),
    ] = None
    errors: Annotated[
        list[InvalidValue] | None, Field(description="With 422: each value that can't be taken.")
    ] = None
    relay: Annotated[
        str | None, Field(description="With 503: whether the forwarding half is `up` or `down`.")
    ] = None
    admin: Annotated[
        str | None,
        Field(description="With 503: whether the admin half is `up`, `synchronising` or `down`."),
    ] = None


@dataclass
class Problem(Exception):  # noqa: N818  the RFC's word
    """Ends a request with problem details."""

    status: HTTPStatus
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON
    """Further members of the details."""


def handle_problems(app: FastAPI) -> None:
    """Make every error answer of `app` a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(RelayNotAnsweringError, _relay_not_answering)
    app.add_exception_handler(Exception, _fault)


def problem_responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:  # Any: OpenAPI
    """Document error answers of a route, for FastAPI's `responses`."""
    return {int(status): _documented(status) for status in statuses}


_EXPLANATIONS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "The body can't be read as JSON.",
    HTTPStatus.UNAUTHORIZED: "The bearer token is missing or wrong.",
    HTTPStatus.NOT_FOUND: "There is no such room or peer.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The path has no such method; `Allow` names those that it has.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body is larger than {LARGEST_BODY} bytes.",
    HTTPStatus.CONFLICT: "Another room has this code, the relay is full, or players made the room.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A value in the path, query or body can't be taken.",
    HTTPStatus.TOO_MANY_REQUESTS: "As many such streams as may be are open already.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault in the admin process; it is in its log.",
    HTTPStatus.SERVICE_UNAVAILABLE: "One half of the relay isn't ready; try again in a second.",
}

_HEADERS: Final[Mapping[HTTPStatus, tuple[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "The scheme to use (RFC 6750)."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Allow", "The methods of this path."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", "Seconds until another try makes sense."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "Seconds until another try makes sense."),
}


def _documented(status: HTTPStatus) -> dict[str, Any]:  # Any: OpenAPI
    detail = _EXPLANATIONS[status]
    example = {"type": "about:blank", "title": status.phrase, "status": int(status)}
    documented: dict[str, Any] = {
        "description": detail,
        "content": {
            PROBLEM_MEDIA_TYPE: {"schema": _SCHEMA, "example": {**example, "detail": detail}}
        },
    }
    if status in _HEADERS:
        name, description = _HEADERS[status]
        documented["headers"] = {
            name: {"description": description, "required": True, "schema": {"type": "string"}}
        }
    return documented


def _answer(problem: Problem) -> JSONResponse:
    details = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        **problem.members,
    }
    return JSONResponse(
        details,
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=PROBLEM_MEDIA_TYPE,
    )


async def _problem(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    return _answer(problem)


async def _http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names the methods of the first route alone; a path may have several routes.
        headers["Allow"] = ", ".join(_allowed_methods(request))
        return _answer(Problem(status, f"{request.method} can't be used here.", headers))
    if status is HTTPStatus.NOT_FOUND:
        return _answer(
            Problem(
                status, "There is nothing at this path: /openapi.json lists all paths.", headers
            )
        )
    # What is left is about a body that the framework couldn't read.
    return _answer(Problem(status, _EXPLANATIONS.get(status, str(error.detail)), headers))


def _allowed_methods(request: Request) -> list[str]:
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


_MESSAGES: Final[Mapping[str, str]] = {
    "extra_forbidden": "There is no such parameter or field",
    "missing": "This is missing",
    "model_attributes_type": "Send a JSON object, with `Content-Type: application/json`",
}
"""By pydantic's type of error, where its own words don't help."""


def _message(fault: Mapping[str, Any]) -> str:  # Any: pydantic's
    match fault["type"]:
        case "value_error":
            # Our own words, without what pydantic puts before them.
            return str(fault["ctx"]["error"]).rstrip(".")
        case "json_invalid":
            return f"This is not JSON: {fault['ctx']['error']}"
        case other:
            return _MESSAGES.get(other, str(fault["msg"]))


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "location": ".".join(map(str, fault["loc"])),
            "message": _message(fault),
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['location']}: {fault['message']}" for fault in errors)
    return _answer(
        Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{detail}.", members={"errors": errors})
    )


async def _relay_not_answering(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(
        Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The relay half did not answer in time; what was asked may still happen.",
            {"Retry-After": "1"},
        )
    )


async def _fault(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(
        Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "A fault in the admin process; see its log.")
    )
