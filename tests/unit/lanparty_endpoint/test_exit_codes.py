import pytest

from lanparty_client_core import SessionEnded
from lanparty_endpoint.exit_codes import exit_code_of
from lanparty_obs.codes import SessionEnd


@pytest.mark.parametrize(
    ("code", "joined", "expected"),
    [
        (SessionEnd.LEFT, True, 0),
        (SessionEnd.SHUTDOWN, True, 0),
        (SessionEnd.SHUTDOWN, False, 5),
        (SessionEnd.RELAY_UNREACHABLE, False, 3),
        (SessionEnd.CONNECTION_LOST, True, 3),
        (SessionEnd.PIN, False, 4),
        (SessionEnd.CERTIFICATE, False, 4),
        (SessionEnd.ROOM_UNKNOWN, False, 5),
        (SessionEnd.KICKED, True, 6),
        (SessionEnd.PROTOCOL_ERROR, True, 6),
    ],
)
def test_the_exit_code_says_whose_turn_it_is(code: SessionEnd, joined: bool, expected: int) -> None:
    assert exit_code_of(SessionEnded(code=code), joined=joined) == expected


@pytest.mark.parametrize("code", SessionEnd)
def test_every_other_end_before_the_join_is_no_success(code: SessionEnd) -> None:
    if code is not SessionEnd.LEFT:
        assert exit_code_of(SessionEnded(code=code), joined=False) >= 3
