from lanparty_obs.codes import SessionEnd
from lanparty_relay.core import SessionFault
from lanparty_relay.core.session_counts import SessionTally


def test_a_copy_of_the_counts_does_not_change_any_more() -> None:
    tally = SessionTally()
    tally.handshakes = 3
    tally.rejected[SessionEnd.ROOM_UNKNOWN] += 1
    tally.faults[SessionFault.EXTRA_STREAM] += 2
    counts = tally.counts()
    tally.handshakes += 1
    tally.rejected[SessionEnd.ROOM_UNKNOWN] += 1
    assert counts.handshakes == 3
    assert counts.rejected == {SessionEnd.ROOM_UNKNOWN: 1}
    assert counts.faults == {SessionFault.EXTRA_STREAM: 2}
    assert counts.ended == {}
