from lanparty_quic.aioquic_engine.liveness import Liveness
from lanparty_quic.limits import EndpointLimits

LIMITS = EndpointLimits(handshake_timeout=4.0, keep_alive=10.0)


def test_a_handshake_is_late_when_its_time_is_over_whatever_was_said() -> None:
    liveness = Liveness(LIMITS, now=100.0)
    liveness.spoke(now=103.0)
    assert liveness.next_deadline(connected=False) == 104.0
    assert not liveness.handshake_is_late(now=103.9)
    assert liveness.handshake_is_late(now=104.0)


def test_a_ping_is_due_an_interval_after_the_last_packet() -> None:
    liveness = Liveness(LIMITS, now=100.0)
    assert liveness.next_deadline(connected=True) == 110.0
    liveness.spoke(now=107.0)
    assert liveness.next_deadline(connected=True) == 117.0
    assert not liveness.ping_is_due(now=116.9)
    assert liveness.ping_is_due(now=117.0)


def test_the_peer_counts_as_heard_when_the_connection_begins() -> None:
    assert Liveness(LIMITS, now=100.0).heard_at == 100.0
