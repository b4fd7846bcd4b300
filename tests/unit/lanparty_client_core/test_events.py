import pytest

from lanparty_client_core import MemberLeft, SessionEnded, SessionState
from lanparty_ctrl import PeerJoined, Role
from lanparty_obs.codes import FINAL_CODES, SessionEnd, sentence

GATEWAY = PeerJoined(peer_id=3, role=Role.GATEWAY, name="the LAN")


@pytest.mark.parametrize("code", SessionEnd)
def test_an_end_has_the_sentence_of_its_code_and_knows_whether_it_is_final(
    code: SessionEnd,
) -> None:
    ended = SessionEnded(code=code, text="the other side's words")
    assert ended.sentence == sentence(code)
    assert ended.final is (code in FINAL_CODES)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (SessionEnd.LEFT, "the LAN left."),
        (SessionEnd.SHUTDOWN, "the LAN left."),
        (SessionEnd.KICKED, "the LAN was removed by the relay's operator."),
        (SessionEnd.CONNECTION_LOST, "the LAN lost the connection."),
    ],
)
def test_those_who_stay_read_why_somebody_left(reason: SessionEnd, expected: str) -> None:
    assert MemberLeft(GATEWAY, reason).sentence == expected


def test_three_states_are_over() -> None:
    over = {state for state in SessionState if state.is_over}
    assert over == {SessionState.REJECTED, SessionState.DISCONNECTED, SessionState.LEFT}
