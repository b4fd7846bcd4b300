"""Probes of the room: the station that answers and sends them, without any I/O."""

from lanparty_endpoint.probing.answers import (
    ECHO_ANSWERS_PER_SECOND,
    SEEN_ANSWERS_PER_SECOND,
    AnswerCount,
)
from lanparty_endpoint.probing.naming import PlayerNotFoundError, find_member
from lanparty_endpoint.probing.questions import ProbeAnswer, TooManyQuestionsError
from lanparty_endpoint.probing.station import ProbeStation

__all__ = [
    "ECHO_ANSWERS_PER_SECOND",
    "SEEN_ANSWERS_PER_SECOND",
    "AnswerCount",
    "PlayerNotFoundError",
    "ProbeAnswer",
    "ProbeStation",
    "TooManyQuestionsError",
    "find_member",
]
