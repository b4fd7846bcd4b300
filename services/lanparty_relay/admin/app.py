"""The web app, made from its parts: who may ask what, and how the schema describes it."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from lanparty_relay.admin import models
from lanparty_relay.admin.body_limit import BodyLimit
from lanparty_relay.admin.counter_history import CounterHistory
from lanparty_relay.admin.event_models import EventData
from lanparty_relay.admin.events import events_router
from lanparty_relay.admin.frame_models import FrameLogEvent
from lanparty_relay.admin.frames import frames_router
from lanparty_relay.admin.history import history_router
from lanparty_relay.admin.metrics import METRICS_MEDIA_TYPE, MetricsPage
from lanparty_relay.admin.observation import Observer
from lanparty_relay.admin.peers import peers_router
from lanparty_relay.admin.problems import (
    Problem,
    ProblemDetails,
    handle_problems,
    problem_responses,
)
from lanparty_relay.admin.rooms import rooms_router
from lanparty_relay.admin.schema_links import add_links
from lanparty_relay.admin.state import RelayState
from lanparty_relay.admin.views import view_of_relay

__all__ = ["AdminParts", "create_app"]

_DESCRIPTION: Final = """\
Rooms, peers and counters of a softlan relay, and how to end them.

Every path but `/healthz`, `/readyz` and this description itself, `/openapi.json`, needs the relay's
admin token as a bearer token. Errors are problem details (RFC 9457). Counters are read from the
relay's memory at one moment between two of its batches, so that they add up exactly.
"""

_REFUSALS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


_UNRETURNED: Final[Sequence[type[BaseModel]]] = (ProblemDetails, FrameLogEvent, EventData)


@dataclass(frozen=True, slots=True)
class AdminParts:
    """What the web app needs."""

    state: RelayState
    observer: Observer
    metrics: MetricsPage
    history: CounterHistory


def create_app(parts: AdminParts) -> FastAPI:
    """Make the web app."""
    app = _AdminApp(
        title="softlan relay",
        version=parts.state.configuration.version,
        description=_DESCRIPTION,
        # Their pages load scripts from elsewhere, next to where an operator types the token.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(BodyLimit)
    handle_problems(app)
    app.include_router(_health_router(parts.state))
    guarded = [Depends(_token_check(parts.state))]
    app.include_router(_metrics_router(parts.metrics), dependencies=guarded, responses=_REFUSALS)
    synchronised = [*guarded, Depends(_synchronised_check(parts.state))]
    for router in (
        _relay_router(parts),
        rooms_router(parts.state, parts.observer),
        peers_router(parts.state, parts.observer),
        history_router(parts.history, parts.observer),
        events_router(parts.state),
        frames_router(parts.state),
    ):
        app.include_router(router, prefix="/api/v1", dependencies=synchronised, responses=_REFUSALS)
    return app


class _AdminApp(FastAPI):
    def openapi(self) -> dict[str, Any]:  # Any: OpenAPI
        """Add what no route says: schemas of problems and of streams' events, and the links."""
        schema = super().openapi()
        schemas = schema["components"]["schemas"]
        for model in _UNRETURNED:
            described = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(described.pop("$defs", {}))
            schemas[model.__name__] = described
        add_links(schema)
        return schema


def _token_check(state: RelayState) -> Callable[..., None]:
    bearer = HTTPBearer(auto_error=False, description="The relay's admin token: DIR/admin-token.")

    def check(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> None:
        if given is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "The admin token is missing: send it as `Authorization: Bearer TOKEN`.",
                {"WWW-Authenticate": 'Bearer realm="softlan relay"'},
            )
        expected = state.configuration.token
        if not secrets.compare_digest(given.credentials.encode(), expected.encode()):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "This is not the relay's admin token: `lanparty-relay token` prints it.",
                {"WWW-Authenticate": 'Bearer realm="softlan relay", error="invalid_token"'},
            )

    return check


def _synchronised_check(state: RelayState) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if not state.readiness().synchronised or state.heartbeat is None:
            raise _not_ready(state)

    return check


def _not_ready(state: RelayState) -> Problem:
    readiness = state.readiness()
    if not readiness.relay_up and readiness.heartbeat_age is not None:
        detail = (
            f"The relay half is down: no sign of life for {readiness.heartbeat_age:.0f} seconds."
        )
    else:
        detail = "The admin half has just started and hasn't heard of all rooms yet."
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        {"Retry-After": "1"},
        {
            "relay": "up" if readiness.relay_up or readiness.heartbeat_age is None else "down",
            "admin": "up" if readiness.synchronised else "synchronising",
        },
    )


def _health_router(state: RelayState) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get(
        "/healthz",
        summary="Does the admin process answer?",
        responses=problem_responses(HTTPStatus.METHOD_NOT_ALLOWED),
    )
    async def healthz() -> models.Health:
        """Answer as long as this process runs. Needs no token."""
        return models.Health()

    @router.get(
        "/readyz",
        summary="Are both halves of the relay in order?",
        responses=problem_responses(HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.SERVICE_UNAVAILABLE),
    )
    async def readyz() -> models.ReadinessAnswer:
        """Answer 200 if the forwarding half lives and this one knows all rooms, and 503 with
        which half is down if not. Needs no token.
        """  # noqa: D205  the schema shows it as one paragraph
        if not state.readiness().ready:
            raise _not_ready(state)
        return models.ReadinessAnswer()

    return router


def _metrics_router(metrics: MetricsPage) -> APIRouter:
    router = APIRouter(tags=["metrics"])

    @router.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=PlainTextResponse,
        responses={
            200: {
                "description": "Text exposition format, made at most once a second.",
                "content": {"text/plain": {"example": "softlan_relay_rooms 1.0\n"}},
            }
        },
    )
    async def prometheus() -> Response:
        """Give all metrics. A room's and a peer's series go when it goes."""
        return Response(await metrics.text(), media_type=METRICS_MEDIA_TYPE)

    return router


def _relay_router(parts: AdminParts) -> APIRouter:
    router = APIRouter(tags=["relay"])

    @router.get("/relay", summary="The relay and its totals")
    async def relay() -> models.Relay:
        """Show what the relay is, what it allows, and what it counted in all."""
        seen = await parts.observer.observe()
        if seen.heartbeat is None:
            raise _not_ready(parts.state)
        return view_of_relay(seen, seen.heartbeat)

    return router
