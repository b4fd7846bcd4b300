"""A refused message leaves nothing behind, whatever its reader does with the violation.

pydantic's error hides what it refers to from Python's collector. A violation that had it as its
context kept every frame of its way up, with the session in it, once a caller stored it in a
variable: a stranger could fill the memory of a relay, about 10 KB a message.
"""

import gc
import weakref

import pytest

from lanparty_ctrl import MessageDecoder, ProtocolViolation

REFUSED = (
    b'{"type":"stats","counters":0}',
    b'{"type":"ping"}',
    b'{"type":"prefixes","prefixes_in_use":["x"]}',
    b'{"type":"hello","type":"hello"}',
    b'{"type":"ping","nonce":NaN}',
    b"[" * 2000,
    b"no JSON",
    b"\xff\xff",
)


class Session:
    """What a caller has at hand while it reads."""


def read(body: bytes) -> weakref.ref[Session]:
    """Read as a caller who keeps the violation: a cycle of frame, violation and traceback."""
    session = Session()
    kept: ProtocolViolation | None = None
    try:
        MessageDecoder().receive_bytes(len(body).to_bytes(4) + body)
    except ProtocolViolation as violation:
        kept = violation
    assert kept is not None
    return weakref.ref(session)


@pytest.mark.parametrize("body", REFUSED)
def test_what_was_at_hand_is_freed_after_a_violation(body: bytes) -> None:
    session = read(body)
    gc.collect()
    assert session() is None


@pytest.mark.parametrize("body", REFUSED)
def test_a_violation_refers_to_no_error_of_the_parsers(body: bytes) -> None:
    with pytest.raises(ProtocolViolation) as raised:
        MessageDecoder().receive_bytes(len(body).to_bytes(4) + body)
    assert raised.value.__context__ is None
