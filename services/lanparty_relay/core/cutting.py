"""Cutting a copy for a destination whose way carries less than its source sent.

The relay's endpoint calls this when such a copy is about to leave: only then is it known what the
way carries, and a room's other members share the copy as it came. The rules of the pieces stand in
`lanparty_proto.fragments`; docs/protocol.md section 5 has the text.
"""

from collections.abc import Sequence

from lanparty_proto import ProtoError, recut

__all__ = ["cut_copy"]


def cut_copy(payload: bytes, budget: int, serial: int) -> Sequence[bytes]:
    """Return the datagrams, of at most `budget` bytes each, that carry what `payload` carries.

    No pieces at all if the budget is below that of any honest endpoint. `serial` numbers the cuts
    for one destination: it becomes the frame id of a whole frame's pieces.
    """
    try:
        return recut(payload, budget=budget, frame_id=lambda: serial)
    except ProtoError:
        return ()
