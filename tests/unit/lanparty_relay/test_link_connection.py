import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from lanparty_relay.admin_link import FromAdmin, PeerGone, RoomGone, Serving, ToAdmin
from lanparty_relay.link_connection import OUTBOX_BYTES, LinkConnection

Message = ToAdmin | FromAdmin


class Ends:
    """Both ends of a link and what they heard."""

    def __init__(self) -> None:
        sockets = socket.socketpair()
        self.heard: list[Message] = []
        self.closed: list[str] = []
        self.here = LinkConnection(
            sockets[0], on_message=lambda message: None, on_closed=self.closed.append
        )
        self.there_socket = sockets[1]
        self.there: LinkConnection | None = None

    def listen(self) -> None:
        self.there = LinkConnection(
            self.there_socket, on_message=self.heard.append, on_closed=lambda reason: None
        )

    def close(self) -> None:
        self.here.close()
        if self.there is not None:
            self.there.close()
        self.there_socket.close()


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    ends = Ends()
    yield ends
    ends.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds; a test that hangs runs into its time limit."""
    while not condition():  # noqa: ASYNC110  nothing else says that the loop is done
        await asyncio.sleep(0)


async def test_messages_arrive_in_order(ends: Ends) -> None:
    ends.listen()
    sent = [RoomGone(room_id=f"r{number}") for number in range(500)]
    for message in sent:
        ends.here.send(message)
    await until(lambda: len(ends.heard) == len(sent))
    assert ends.heard == sent


async def test_an_account_is_drawn_only_as_fast_as_it_is_read(ends: Ends) -> None:
    drawn = 0

    def account() -> Iterator[RoomGone]:
        nonlocal drawn
        while drawn < 20_000:
            drawn += 1
            yield RoomGone(room_id="r" * 100)

    ends.here.send_account(account())
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert drawn < 10_000
    ends.listen()
    await until(lambda: len(ends.heard) == 20_000)


async def test_what_is_sent_during_an_account_goes_in_between(ends: Ends) -> None:
    ends.here.send_account(iter([RoomGone(room_id="r")] * 20_000))
    await asyncio.sleep(0)
    ends.here.send(PeerGone(room_id="r", peer_id=1))
    ends.listen()
    await until(lambda: len(ends.heard) == 20_001)
    assert ends.heard.index(PeerGone(room_id="r", peer_id=1)) < 10_000


async def test_it_says_how_much_waits(ends: Ends) -> None:
    ends.here.send(RoomGone(room_id="r" * 1_000))
    assert 1_000 < ends.here.waiting < 1_100
    ends.listen()
    await until(lambda: len(ends.heard) == 1)
    assert ends.here.waiting == 0


async def test_what_the_socket_takes_at_once_goes_before_a_close(ends: Ends) -> None:
    sent = [RoomGone(room_id=f"r{number}") for number in range(500)]
    for message in sent:
        ends.here.send(message)
    ends.here.flush()
    ends.here.close()
    ends.listen()
    await until(lambda: len(ends.heard) == len(sent))
    assert ends.heard == sent


async def test_a_flush_does_not_wait_for_who_does_not_read(ends: Ends) -> None:
    for _ in range(5_000):
        ends.here.send(RoomGone(room_id="r" * 1_000))
    ends.here.flush()
    assert ends.here.waiting > 1_000_000


async def test_who_does_not_read_is_given_up_and_the_sender_never_waits(ends: Ends) -> None:
    message = RoomGone(room_id="r" * 1_000)
    for _ in range(2 * OUTBOX_BYTES // 1_000):
        ends.here.send(message)
    assert ends.closed == ["it doesn't read"]


async def test_the_end_of_the_other_side_is_noticed(ends: Ends) -> None:
    ends.there_socket.close()
    await until(lambda: bool(ends.closed))
    assert ends.closed == ["it is gone"]


async def test_what_cannot_be_read_ends_the_link(ends: Ends) -> None:
    ends.there_socket.send(b"\x00\x00\x00\x02{}")
    await until(lambda: bool(ends.closed))
    assert "can't be read" in ends.closed[0]


async def test_a_write_to_who_is_gone_ends_the_link_once(ends: Ends) -> None:
    ends.there_socket.close()
    ends.here.send(Serving())
    await until(lambda: bool(ends.closed))
    ends.here.send(Serving())
    await asyncio.sleep(0)
    assert len(ends.closed) == 1


async def test_after_a_close_nothing_is_called(ends: Ends) -> None:
    ends.here.close()
    ends.here.close()
    ends.here.send(Serving())
    ends.here.send_account(iter([RoomGone(room_id="r")]))
    ends.there_socket.close()
    await asyncio.sleep(0)
    assert ends.closed == []
