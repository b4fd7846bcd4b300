from collections.abc import AsyncIterator

import httpx
import pytest

from lanparty_obs.reasons import Cast
from lanparty_sim.admin_api import AdminApi, AdminApiError

COUNTERS = {"received": 5, "forwarded": {"unicast": 5}, "chosen": 5, "sent": 5, "queued": 0}
PEER = {"peer_id": 3, "name": "alice", "counters": COUNTERS}


def answer(request: httpx.Request) -> httpx.Response:
    if request.headers["Authorization"] != "Bearer secret":
        return httpx.Response(401)
    match request.method, request.url.path:
        case "GET", "/readyz":
            return httpx.Response(200)
        case "GET", "/api/v1/relay" | "/api/v1/rooms/lan":
            return httpx.Response(200, json={"counters": COUNTERS})
        case "GET", "/api/v1/rooms/lan/peers":
            return httpx.Response(200, json={"peers": [PEER]})
        case "GET" | "DELETE", "/api/v1/rooms/lan/peers/3":
            return httpx.Response(200, json=PEER)
        case "GET", "/api/v1/rooms/odd/peers":
            return httpx.Response(200, json={"peers": [{"peer_id": "three"}]})
        case "GET", "/api/v1/rooms/broken":
            raise httpx.ConnectError("refused", request=request)
    return httpx.Response(404, json={"title": "Not Found"})


@pytest.fixture
async def api() -> AsyncIterator[AdminApi]:
    transport = httpx.MockTransport(answer)
    async with AdminApi("http://relay", token="secret", transport=transport) as api:
        yield api


async def test_counters_are_read_as_values(api: AdminApi) -> None:
    relay = await api.relay()
    assert (relay.received, relay.forwarded) == (5, {Cast.UNICAST: 5})
    assert await api.room("lan") == relay
    assert await api.peers("lan") == {3: relay}


async def test_what_is_gone_is_told_from_what_fails(api: AdminApi) -> None:
    assert await api.room("gone") is None
    assert not await api.knows_peer("lan", 4)
    assert await api.knows_peer("lan", 3)
    with pytest.raises(AdminApiError, match="No admin API answers at http://relay"):
        await api.room("broken")


async def test_a_kick_of_nobody_fails(api: AdminApi) -> None:
    await api.kick("lan", 3)
    with pytest.raises(AdminApiError, match="404"):
        await api.kick("lan", 4)


async def test_an_unexpected_document_fails(api: AdminApi) -> None:
    with pytest.raises(AdminApiError, match="something else"):
        await api.peers("odd")


async def test_a_wrong_token_fails() -> None:
    transport = httpx.MockTransport(answer)
    async with AdminApi("http://relay", token="guess", transport=transport) as api:
        assert not await api.is_ready()
        with pytest.raises(AdminApiError, match="refuses the token"):
            await api.relay()
        with pytest.raises(AdminApiError, match="refuses the token"):
            await api.knows_peer("lan", 4)


async def test_an_api_that_takes_too_long_fails() -> None:
    def wait(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    async with AdminApi("http://relay", token="", transport=httpx.MockTransport(wait)) as api:
        with pytest.raises(AdminApiError, match="no answer within 5 s"):
            await api.relay()
