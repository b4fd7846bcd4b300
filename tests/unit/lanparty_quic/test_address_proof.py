"""When clients have to prove their address first."""

from lanparty_quic import EndpointLimits
from lanparty_quic.address_proof import AddressProof

LIMITS = EndpointLimits(handshakes_without_retry=10, arrivals_without_retry=100)


def arrive(proof: AddressProof, *, rate: int, begin: float, seconds: float) -> float:
    """Let first packets come in at a rate, with no handshake unfinished; return when it ends."""
    count = round(rate * seconds)
    for serial in range(count):
        now = begin + serial / rate
        proof.note_unproven(now=now)
        proof.is_wanted(handshakes=0, now=now)
    return begin + seconds


def test_in_quiet_times_nobody_has_to() -> None:
    proof = AddressProof(LIMITS, always=False)
    now = arrive(proof, rate=20, begin=0.0, seconds=60.0)
    assert not proof.is_wanted(handshakes=9, now=now)


def test_an_endpoint_may_always_want_it() -> None:
    assert AddressProof(LIMITS, always=True).is_wanted(handshakes=0, now=0.0)


def test_many_unfinished_handshakes_switch_it_on() -> None:
    proof = AddressProof(LIMITS, always=False)
    assert proof.is_wanted(handshakes=10, now=0.0)


def test_many_first_packets_switch_it_on_also_when_no_handshake_waits() -> None:
    proof = AddressProof(LIMITS, always=False)
    now = arrive(proof, rate=400, begin=0.0, seconds=0.5)
    assert proof.is_wanted(handshakes=0, now=now)


def test_a_crowd_that_comes_at_once_is_no_flood() -> None:
    proof = AddressProof(LIMITS, always=False)
    for _ in range(64):
        proof.note_unproven(now=5.0)
    assert not proof.is_wanted(handshakes=9, now=5.0)


def test_it_goes_off_by_itself_some_time_after_the_flood() -> None:
    proof = AddressProof(LIMITS, always=False)
    now = arrive(proof, rate=2000, begin=0.0, seconds=5.0)
    assert proof.is_wanted(handshakes=3, now=now + 4.0)
    assert not proof.is_wanted(handshakes=3, now=now + 10.0)


def test_it_stays_on_while_half_as_much_goes_on() -> None:
    proof = AddressProof(LIMITS, always=False)
    assert proof.is_wanted(handshakes=10, now=0.0)
    assert proof.is_wanted(handshakes=5, now=60.0)
    assert not proof.is_wanted(handshakes=4, now=61.0)


def test_a_short_flood_keeps_it_on_for_a_while() -> None:
    proof = AddressProof(LIMITS, always=False)
    proof.is_wanted(handshakes=10, now=0.0)
    assert proof.is_wanted(handshakes=0, now=9.9)
    assert not proof.is_wanted(handshakes=0, now=10.0)
    assert not proof.is_wanted(handshakes=9, now=10.1)
