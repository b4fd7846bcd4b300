"""A client of the relay's admin API: as much of it as the scenario and the demo need."""

from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from lanparty_ctrl.fields import Counters
from lanparty_obs.counters import TunnelCounters
from lanparty_sim.steps import StepFailedError

__all__ = ["AdminApi", "AdminApiError"]

_TIMEOUT: Final = 5.0
"""Seconds."""

_MOST_PEERS: Final = 250
"""No room has more: one page has them all."""


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
        self._url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
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
        path = f"/api/v1/rooms/{room_id}/peers?limit={_MOST_PEERS}"
        document = await self._read(path, _Peers)
        return {peer.peer_id: peer.counters for peer in document.peers}

    async def knows_peer(self, room_id: str, peer_id: int) -> bool:
        """Tell whether a peer is listed."""
        path = f"/api/v1/rooms/{room_id}/peers/{peer_id}"
        answer = await self._ask("GET", path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return False
        _require_success(answer)
        return True

    async def kick(self, room_id: str, peer_id: int) -> None:
        """Throw a peer out."""
        path = f"/api/v1/rooms/{room_id}/peers/{peer_id}"
        _require_success(await self._ask("DELETE", path))

    async def _read(self, path: str, document: type[DocumentT]) -> DocumentT:
        return _parse(await self._ask("GET", path), document)

    async def _ask(self, method: str, path: str) -> httpx.Response:
        try:
            return await self._client.request(method, path)
        except httpx.TimeoutException as error:
            raise AdminApiError(
                f"The admin API at {self._url} gave no answer within {_TIMEOUT:.0f} s."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AdminApiError(f"No admin API answers at {self._url}.") from error


def _require_success(answer: httpx.Response) -> None:
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise AdminApiError("The admin API refuses the token.")
    if not answer.is_success:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise AdminApiError(f"The admin API answered {answer.status_code} to {asked}.")


def _parse(answer: httpx.Response, document: type[DocumentT]) -> DocumentT:
    _require_success(answer)
    try:
        return document.model_validate_json(answer.content)
    except ValidationError as error:
        path = answer.request.url.path
        raise AdminApiError(
            f"The admin API answered something else than expected to GET {path}."
        ) from error
