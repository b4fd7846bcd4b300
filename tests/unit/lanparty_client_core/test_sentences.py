import pytest

from lanparty_client_core import SessionEnded, SessionState
from lanparty_client_core.sentences import sentence_of
from lanparty_obs.codes import SessionEnd, sentence


def said(state: SessionState, code: SessionEnd | None = None, *, in_doubt: bool = False) -> str:
    failure = None if code is None else SessionEnded(code=code)
    return sentence_of(state, failure, in_doubt=in_doubt)


@pytest.mark.parametrize("state", [state for state in SessionState if not state.is_over])
def test_every_state_has_a_sentence_of_its_own(state: SessionState) -> None:
    assert said(state).endswith(".")
    assert len({said(other) for other in SessionState if not other.is_over}) == 5


def test_an_end_is_told_with_what_to_do() -> None:
    assert said(SessionState.DISCONNECTED, SessionEnd.KICKED) == sentence(SessionEnd.KICKED)


@pytest.mark.parametrize("code", SessionEnd)
@pytest.mark.parametrize("state", [SessionState.RECONNECTING, SessionState.CONNECTING])
def test_while_softlan_tries_by_itself_nobody_is_told_to_try(
    state: SessionState, code: SessionEnd
) -> None:
    text = said(state, code)
    assert text.endswith(". softlan is trying again by itself.")
    assert "join again" not in text


def test_a_silent_relay_is_told_while_the_old_connection_stands() -> None:
    assert "hasn't answered" in said(SessionState.JOINED, in_doubt=True)
    assert said(SessionState.JOINED, SessionEnd.CONNECTION_LOST) == "You are in the room."
