import pytest

from lanparty_client_core import Persistence, SessionEnded
from lanparty_obs.codes import SessionEnd

ONE, AFTER, ALWAYS = Persistence.ONE_TRY, Persistence.AFTER_WELCOME, Persistence.ALWAYS
UNREACHABLE, KICKED = SessionEnd.RELAY_UNREACHABLE, SessionEnd.KICKED
PIN, UNKNOWN = SessionEnd.PIN, SessionEnd.ROOM_UNKNOWN


@pytest.mark.parametrize(
    ("persistence", "code", "was_welcome", "gives_up"),
    [
        (ONE, UNREACHABLE, False, True),
        (ONE, SessionEnd.SHUTDOWN, True, True),
        (AFTER, UNREACHABLE, False, True),
        (AFTER, UNREACHABLE, True, False),
        (AFTER, KICKED, True, True),
        (AFTER, PIN, False, True),
        (AFTER, UNKNOWN, True, False),
        (ALWAYS, UNREACHABLE, False, False),
        (ALWAYS, SessionEnd.ROOM_FULL, False, False),
        (ALWAYS, PIN, False, True),
        (ALWAYS, UNKNOWN, False, True),
        (ALWAYS, UNKNOWN, True, False),
        (ALWAYS, SessionEnd.LEFT, True, True),
    ],
)
def test_a_session_gives_up(
    persistence: Persistence, code: SessionEnd, was_welcome: bool, gives_up: bool
) -> None:
    ended = SessionEnded(code=code)
    assert persistence.gives_up(ended, was_welcome=was_welcome, proven=True) is gives_up


@pytest.mark.parametrize("code", SessionEnd)
@pytest.mark.parametrize("persistence", [AFTER, ALWAYS])
def test_what_a_stranger_at_the_relays_old_address_says_ends_nothing(
    persistence: Persistence, code: SessionEnd
) -> None:
    ended = SessionEnded(code=code, by_relay=True)
    assert not persistence.gives_up(ended, was_welcome=True, proven=False)


def test_a_wrong_pin_ends_a_service_that_has_never_seen_its_relay() -> None:
    assert ALWAYS.gives_up(SessionEnded(code=PIN), was_welcome=False, proven=False)


def test_a_relay_that_hangs_up_without_a_reason_is_dialed_again() -> None:
    ended = SessionEnded(code=SessionEnd.LEFT, by_relay=True)
    assert not AFTER.gives_up(ended, was_welcome=True, proven=True)
