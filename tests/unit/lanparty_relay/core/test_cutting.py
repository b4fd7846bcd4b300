"""What the relay makes of a copy that is too large for its destination."""

import pytest

from lanparty_proto import (
    FLAG_CUT_BY_RELAY,
    Reassembler,
    decode,
    encode_fragment,
    encode_whole,
)
from lanparty_relay.core import cut_copy

HEADER = bytes.fromhex("02000000000b02000000000a0800")
PAYLOAD = bytes(range(250)) * 6
SOURCE = 3


def uneven_fragments() -> list[bytes]:
    """A frame as an endpoint may cut it that makes its first piece as large as it can."""
    return [
        encode_fragment(
            HEADER, PAYLOAD[:1380], source=SOURCE, flags=0, frame_id=9, offset=0, more=True
        ),
        encode_fragment(
            HEADER, PAYLOAD[1380:], source=SOURCE, flags=0, frame_id=9, offset=1380, more=False
        ),
    ]


@pytest.mark.parametrize("budget", [1150, 1170, 1420])
def test_a_whole_frame_goes_in_pieces_under_the_relays_own_number(budget: int) -> None:
    pieces = cut_copy(encode_whole(HEADER + PAYLOAD, source=SOURCE), budget, 4711)
    overlays = [decode(piece) for piece in pieces]
    assert len(pieces) == 2
    assert max(map(len, pieces)) <= budget
    assert {(o.source, o.flags, o.frame_id) for o in overlays} == {
        (SOURCE, FLAG_CUT_BY_RELAY, 4711)
    }


def test_a_fragment_stays_a_part_of_its_sources_frame() -> None:
    large, small = uneven_fragments()
    pieces = cut_copy(large, 1150, 4711)
    assert {(o.source, o.flags, o.frame_id) for o in map(decode, pieces)} == {(SOURCE, 0, 9)}
    assert cut_copy(small, 1150, 4711) == [small]


@pytest.mark.parametrize("sent", [[encode_whole(HEADER + PAYLOAD, SOURCE)], uneven_fragments()])
def test_what_was_cut_is_put_together_bit_for_bit(sent: list[bytes]) -> None:
    reassembler = Reassembler()
    pieces = [piece for datagram in sent for piece in cut_copy(datagram, 1150, 1)]
    frames = [reassembler.add(decode(piece), now=0.0, mtu=1500) for piece in pieces]
    assert frames == [None] * (len(pieces) - 1) + [HEADER + PAYLOAD]


def test_below_the_smallest_budget_nothing_is_made() -> None:
    assert cut_copy(encode_whole(HEADER + PAYLOAD), 1149, 1) == ()
