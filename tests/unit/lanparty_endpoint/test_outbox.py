import asyncio

import pytest

from lanparty_endpoint.outbox import WAITING_LIMIT, Outbox


async def test_answers_come_in_order_and_end_with_none() -> None:
    outbox = Outbox()
    outbox.put({"event": "a"})
    outbox.put({"event": "b"})
    outbox.close()
    assert [await outbox.next() for _ in range(3)] == [{"event": "a"}, {"event": "b"}, None]


async def test_whoever_waits_gets_the_next_answer() -> None:
    outbox = Outbox()
    waiting = asyncio.ensure_future(outbox.next())
    await asyncio.sleep(0)
    outbox.put({"event": "a"})
    assert await waiting == {"event": "a"}


async def test_an_asker_that_does_not_read_misses_the_newest() -> None:
    outbox = Outbox()
    for number in range(WAITING_LIMIT + 10):
        outbox.put({"number": number})
    assert len(outbox) == WAITING_LIMIT
    assert await outbox.next() == {"number": 0}


async def test_a_limit_ends_the_wait() -> None:
    outbox = Outbox()
    with pytest.raises(TimeoutError):
        await outbox.next(limit=0.0)
    outbox.put({"event": "a"})
    assert await outbox.next(limit=0.0) == {"event": "a"}


async def test_a_cancelled_wait_loses_nothing() -> None:
    outbox = Outbox()
    waiting = asyncio.ensure_future(outbox.next())
    await asyncio.sleep(0)
    waiting.cancel()
    outbox.put({"event": "a"})
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await outbox.next() == {"event": "a"}
