"""Connections that say no hello: as many of one source as it may have joins."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import Address, ConnectionClosed
from lanparty_relay.core import RelayLimits

if TYPE_CHECKING:
    from tests.unit.lanparty_relay.core.conftest import FakeShell

FLOODER: Address = ("192.0.2.66", 1)
PLAYER: Address = ("198.51.100.7", 1)


@pytest.fixture
def shell(make_shell: "Callable[..., FakeShell]") -> "FakeShell":
    return make_shell(RelayLimits(joins_per_minute=3, hello_timeout=5.0))


def test_those_that_wait_without_a_hello_are_bounded_for_each_source(shell: "FakeShell") -> None:
    keys = [shell.connect(FLOODER) for _ in range(5)]
    assert {key: shell.closed[key] for key in keys[3:]} == dict.fromkeys(
        keys[3:], SessionEnd.JOIN_LIMIT
    )
    assert not set(keys[:3]) & set(shell.closed)
    assert shell.connect(PLAYER) not in shell.closed


def test_they_count_also_when_they_have_ended(shell: "FakeShell") -> None:
    for _ in range(3):
        key = shell.connect(FLOODER)
        shell.happen(ConnectionClosed(key, SessionEnd.LEFT, "", by_peer=True))
    assert shell.closed[shell.connect(FLOODER)] is SessionEnd.JOIN_LIMIT
    shell.wait(60.0)
    assert shell.connect(FLOODER) not in shell.closed


def test_who_says_hello_each_time_may_come_back_as_often_as_joins_allow(
    make_shell: "Callable[..., FakeShell]",
) -> None:
    shell = make_shell(RelayLimits(joins_per_minute=30))
    for _ in range(30):
        key = shell.connect(PLAYER)
        shell.say(key, shell.hello())
        assert shell.is_member(key)
        shell.happen(ConnectionClosed(key, SessionEnd.CONNECTION_LOST, "", by_peer=False))


def test_a_rejected_hello_is_a_hello(shell: "FakeShell") -> None:
    for _ in range(3):
        key = shell.connect(PLAYER)
        shell.say(key, shell.hello(create=False, room_code="NONE"))
        assert shell.closed[key] is SessionEnd.ROOM_UNKNOWN
    assert shell.connect(PLAYER) not in shell.closed


def test_without_a_limit_of_joins_there_is_none(make_shell: "Callable[..., FakeShell]") -> None:
    shell = make_shell(RelayLimits(joins_per_minute=None))
    assert not {shell.connect(FLOODER) for _ in range(100)} & set(shell.closed)


def test_they_are_counted_as_rejected(shell: "FakeShell") -> None:
    for _ in range(5):
        shell.connect(FLOODER)
    shell.wait(6.0)
    counts = shell.relay.session_counts()
    assert counts.handshakes == 5
    assert counts.rejected == {SessionEnd.JOIN_LIMIT: 2, SessionEnd.HELLO_TIMEOUT: 3}
