import pytest

from lanparty_client_core import SessionEnded
from lanparty_ctrl import RoomCode
from lanparty_endpoint.endings import ending, exit_code, failed, left, mistyped
from lanparty_endpoint.happenings import Weight
from lanparty_obs.codes import SessionEnd, sentence

UNKNOWN = SessionEnded(code=SessionEnd.ROOM_UNKNOWN, by_relay=True)


def test_an_end_says_why_and_with_which_exit_code() -> None:
    said = ending(
        SessionEnded(code=SessionEnd.KICKED, text="by Ann", by_relay=True), was_joined=True
    )
    assert said.message == sentence(SessionEnd.KICKED)
    assert said.weight is Weight.COMPLAINT
    assert said.fields == {
        "code": "kicked",
        "detail": "by Ann",
        "final": True,
        "retry_after": None,
        "exit_code": 6,
    }


def test_a_better_sentence_takes_the_place_of_the_codes_own() -> None:
    said = ending(SessionEnded(code=SessionEnd.PIN), was_joined=False, sentence="No.")
    assert said.message == "No."


def test_a_relay_that_stops_is_nobodys_fault() -> None:
    said = ending(SessionEnded(code=SessionEnd.SHUTDOWN, by_relay=True), was_joined=True)
    assert said.weight is Weight.IMPORTANT
    assert said.fields["exit_code"] == 0


@pytest.mark.parametrize(("was_joined", "code"), [(True, 0), (False, 130)])
def test_who_leaves_before_being_in_has_interrupted(was_joined: bool, code: int) -> None:
    assert exit_code(SessionEnded(code=SessionEnd.LEFT), was_joined=was_joined) == code
    assert left(was_joined=was_joined).fields["exit_code"] == code


@pytest.mark.parametrize(
    ("code", "hint"),
    [("7K3M9QXRT2W", True), ("LANPARTY", False), ("ABCDE", False), (None, False)],
)
def test_a_code_of_the_relays_that_cannot_be_one_is_probably_mistyped(
    code: str | None, hint: bool
) -> None:
    typed = None if code is None else RoomCode(code)
    assert (mistyped(typed, UNKNOWN) is not None) == hint
    assert mistyped(typed, SessionEnded(code=SessionEnd.ROOM_FULL)) is None


def test_a_local_failure_has_its_exit_code() -> None:
    said = failed("No rights.", exit_code=1)
    assert (said.event, said.message, said.fields) == ("failed", "No rights.", {"exit_code": 1})
