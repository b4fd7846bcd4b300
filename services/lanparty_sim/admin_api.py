"""A client of the relay's admin API: as much of it as the scenario and the demo need."""

from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from lanparty_ctrl.fields import Counters
from lanparty_obs.counters import TunnelCounters
from lanparty_sim.steps import StepFailedError

__all__ = ["AdminApi", "AdminApiError"]


class AdminApiError(StepFailedError):
    """The API doesn't answer, or not as it should."""


class _Counted(BaseModel):
    counters: Counters


class _Peer(_Counted):
    peer_id: int


class _Peers(BaseModel):
    peers: list[_Peer]


DocumentT = TypeVar("DocumentT", bound=BaseModel)


class AdminApi:
    """An asynchronous context manager. Every question raises `AdminApiError` if it fails."""

    def __init__(
        self, url: str, *, token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`transport` replaces the network in tests."""
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5.0,
            trust_env=False,  # The API is on this machine or near it: no proxy knows the way.
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def is_ready(self) -> bool:
        """Tell whether both halves of the relay are up."""
        return (await self._ask("GET", "/readyz")).is_success

    async def relay(self) -> TunnelCounters:
        """Return what the relay counted in all."""
        return (await self._read("/api/v1/relay", _Counted)).counters

    async def room(self, room_id: str) -> TunnelCounters | None:
        """Return what a room counted; None if there is no such room."""
        answer = await self._ask("GET", f"/api/v1/rooms/{room_id}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        return _parse(answer, _Counted).counters

    async def peers(self, room_id: str) -> dict[int, TunnelCounters]:
        """Return what each peer in a room counted, by peer id."""
        document = await self._read(f"/api/v1/rooms/{room_id}/peers", _Peers)
        return {peer.peer_id: peer.counters for peer in document.peers}

    async def knows_peer(self, room_id: str, peer_id: int) -> bool:
        """Tell whether a peer is listed."""
        answer = await self._ask("GET", f"/api/v1/rooms/{room_id}/peers/{peer_id}")
        return answer.is_success

    async def kick(self, room_id: str, peer_id: int) -> None:
        """Throw a peer out."""
        path = f"/api/v1/rooms/{room_id}/peers/{peer_id}"
        answer = await self._ask("DELETE", path)
        if not answer.is_success:
            raise AdminApiError(f"DELETE {path} answered {answer.status_code}")

    async def _read(self, path: str, document: type[DocumentT]) -> DocumentT:
        return _parse(await self._ask("GET", path), document)

    async def _ask(self, method: str, path: str) -> httpx.Response:
        try:
            return await self._client.request(method, path)
        except httpx.HTTPError as error:
            raise AdminApiError(f"{method} {path}: {error or type(error).__name__}") from error


def _parse(answer: httpx.Response, document: type[DocumentT]) -> DocumentT:
    path = answer.request.url.path
    if not answer.is_success:
        raise AdminApiError(f"GET {path} answered {answer.status_code}")
    try:
        return document.model_validate_json(answer.content)
    except ValidationError as error:
        raise AdminApiError(f"GET {path} answered something else than expected") from error
