import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lanparty_client_core.resolving import LOOKUPS_LIMIT, RelayNotFoundError, Resolver
from lanparty_command import RelayAddress
from lanparty_quic import Address

RELAY = RelayAddress("relay.example", 443)


class Names:
    """The system's resolver: answers what a test says, when it says so."""

    def __init__(self) -> None:
        self.addresses: list[Address] = [("192.0.2.1", 443)]
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def look_up(self, host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
        self.asked += 1
        self.may_answer.wait(30)
        if not self.addresses:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", address) for address in self.addresses]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
    yield names
    names.may_answer.set()


async def answer_of(resolver: Resolver) -> tuple[Address, ...]:
    answer: asyncio.Future[tuple[Address, ...]] = asyncio.get_running_loop().create_future()
    resolver.ask(answer.set_result)
    return await answer


async def test_each_address_is_found_once_in_the_systems_order(names: Names) -> None:
    names.addresses = [("192.0.2.9", 443), ("192.0.2.1", 443), ("192.0.2.9", 443)]
    assert await Resolver(RELAY).resolve() == (("192.0.2.9", 443), ("192.0.2.1", 443))


async def test_a_name_that_nobody_has_is_a_sentence(names: Names) -> None:
    names.addresses = []
    with pytest.raises(RelayNotFoundError, match=r"'relay\.example'"):
        await Resolver(RELAY).resolve()


async def test_a_name_is_asked_for_again(names: Names) -> None:
    assert await answer_of(Resolver(RELAY)) == (("192.0.2.1", 443),)


async def test_an_answer_of_this_moment_is_not_asked_for_again(names: Names) -> None:
    resolver = Resolver(RELAY)
    await resolver.resolve()
    resolver.ask(lambda found: pytest.fail("asked again"))
    assert names.asked == 1


async def test_while_one_question_hangs_no_other_is_asked(names: Names) -> None:
    names.may_answer.clear()
    resolver = Resolver(RELAY)
    answer: asyncio.Future[tuple[Address, ...]] = asyncio.get_running_loop().create_future()
    for _ in range(10):
        resolver.ask(answer.set_result)
    names.may_answer.set()
    assert await answer == (("192.0.2.1", 443),)
    assert names.asked == 1


async def test_questions_that_hang_do_not_fill_the_process_with_threads(names: Names) -> None:
    names.may_answer.clear()
    before = threading.active_count()
    given_up = [asyncio.create_task(Resolver(RELAY).resolve()) for _ in range(LOOKUPS_LIMIT)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    with pytest.raises(RelayNotFoundError):
        await Resolver(RELAY).resolve()
    assert threading.active_count() <= before + LOOKUPS_LIMIT
    assert names.asked <= LOOKUPS_LIMIT
    names.may_answer.set()
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join()
    assert await Resolver(RELAY).resolve() == (("192.0.2.1", 443),)


async def test_a_numeric_address_is_never_asked_for(names: Names) -> None:
    for host in ("192.0.2.1", "2001:db8::1", "fe80::1%eth0"):
        Resolver(RelayAddress(host, 443)).ask(lambda found: pytest.fail("asked"))
    assert names.asked == 0


def test_a_question_that_hangs_keeps_no_program_from_ending(names: Names) -> None:
    names.may_answer.clear()

    async def ask_and_go() -> None:
        Resolver(RELAY).ask(lambda found: pytest.fail("too late"))

    asyncio.run(ask_and_go())
    names.may_answer.set()
