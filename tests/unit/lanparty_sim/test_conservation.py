import httpx
import pytest

from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop
from lanparty_sim.admin_api import AdminApi
from lanparty_sim.conservation import imbalance, poll_until, require_room_conserves
from lanparty_sim.steps import StepFailedError

BALANCED = TunnelCounters(
    received=10,
    forwarded={Cast.UNICAST: 6, Cast.BROADCAST: 1},
    dropped_ingress={IngressDrop.RUNT: 3},
    chosen=9,
    sent=5,
    dropped_egress={EgressDrop.QUEUE_OVERFLOW: 3},
    queued=1,
)


def test_counters_that_conserve_have_no_imbalance() -> None:
    assert imbalance(BALANCED) == ""


def test_a_datagram_that_went_nowhere_is_told() -> None:
    assert "received 10" in imbalance(
        TunnelCounters(received=10, dropped_ingress={IngressDrop.RUNT: 9})
    )


def test_a_copy_that_went_nowhere_is_told() -> None:
    assert "chosen 4" in imbalance(TunnelCounters(chosen=4, sent=3))


async def test_a_poll_ends_with_the_first_true_answer() -> None:
    answers = iter([False, None, 1])

    async def ask() -> object:
        return next(answers)

    await poll_until(ask, "never")
    assert list(answers) == []


async def test_a_poll_that_stays_false_fails_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lanparty_sim.conservation.POLL_LIMIT", -1.0)

    async def ask() -> object:
        return False

    with pytest.raises(StepFailedError, match="copies stay queued"):
        await poll_until(ask, "copies stay queued")


async def ask_the_room(room: dict[str, int], *peers: dict[str, int]) -> TunnelCounters:
    """Require that a room conserves which has these counters, and peers numbered from 1."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/peers"):
            listed = [{"peer_id": n, "counters": peer} for n, peer in enumerate(peers, start=1)]
            return httpx.Response(200, json={"peers": listed})
        return httpx.Response(200, json={"counters": room})

    others = {1: "alice", 2: "bob"}
    async with AdminApi("http://relay", token="", transport=httpx.MockTransport(answer)) as api:
        return await require_room_conserves(api, "lan", players=[], others=others)


async def test_a_room_conserves_when_it_and_each_peer_does() -> None:
    room = await ask_the_room({"chosen": 2, "sent": 2}, {"chosen": 1, "sent": 1}, {})
    assert room.sent == 2


async def test_who_does_not_conserve_is_named() -> None:
    with pytest.raises(StepFailedError, match="bob: chosen 1"):
        await ask_the_room({}, {}, {"chosen": 1})
    with pytest.raises(StepFailedError, match="room: chosen 1"):
        await ask_the_room({"chosen": 1}, {}, {})


async def test_a_peer_too_many_or_a_copy_that_stays_queued_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lanparty_sim.conservation.POLL_LIMIT", -1.0)
    wrong: list[list[dict[str, int]]] = [[{}, {}, {}], [{}], [{}, {"chosen": 1, "queued": 1}]]
    for peers in wrong:
        with pytest.raises(StepFailedError, match=r"doesn't list \[1, 2\] alone"):
            await ask_the_room({}, *peers)
