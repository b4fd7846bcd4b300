"""Whom a dialed connection takes for its relay."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lanparty_obs.codes import SessionEnd
from lanparty_quic import CertificateAuthority, Connected, ConnectionClosed, PinnedKey, Trust
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.simulation import Simulation

CONNECTED = "connected"


def dial(identity: ServerIdentity, trust: Trust, server_name: str = "relay.example") -> str:
    """Dial a relay with this identity and return what came of it."""
    simulation = Simulation(trace=True)
    relay = simulation.aioquic_endpoint(("203.0.113.1", 443), identity=identity)
    player = simulation.aioquic_endpoint(("198.51.100.7", 50_000))
    outcomes: list[str] = []

    class Consumer:
        def serve(self, *, now: float) -> None:
            for event in player.events():
                if isinstance(event, Connected):
                    outcomes.append(CONNECTED)
                elif isinstance(event, ConnectionClosed):
                    outcomes.append(event.end)
            player.flush(now=now)

        def next_deadline(self) -> float | None:
            return None

    simulation.attach(player, Consumer())
    player.dial(relay.local_address, server_name=server_name, trust=trust, now=0.0)
    simulation.run_for(5)
    (outcome,) = outcomes
    return outcome


@pytest.fixture
def authority(identity: ServerIdentity) -> CertificateAuthority:
    return CertificateAuthority(identity.certificate.public_bytes(Encoding.PEM).decode())


def test_the_pinned_key_is_trusted_whatever_the_name(identity: ServerIdentity) -> None:
    assert dial(identity, PinnedKey(identity.pin), "203.0.113.1") == CONNECTED
    assert dial(identity, PinnedKey(identity.pin), "") == CONNECTED


def test_another_key_is_not(identity: ServerIdentity, other_identity: ServerIdentity) -> None:
    assert dial(other_identity, PinnedKey(identity.pin)) == SessionEnd.PIN


def test_a_pinned_certificate_without_its_key_is_not(
    identity: ServerIdentity, other_identity: ServerIdentity
) -> None:
    stolen = ServerIdentity(identity.certificate, (), other_identity.key)
    assert dial(stolen, PinnedKey(identity.pin)) == SessionEnd.CERTIFICATE


def test_an_authority_vouches_for_its_names(
    identity: ServerIdentity, authority: CertificateAuthority
) -> None:
    assert dial(identity, authority) == CONNECTED
    assert dial(identity, authority, "other.example") == SessionEnd.CERTIFICATE


def test_an_authority_vouches_for_nobody_elses_certificate(
    other_identity: ServerIdentity, authority: CertificateAuthority
) -> None:
    assert dial(other_identity, authority) == SessionEnd.CERTIFICATE


def test_the_systems_authorities_do_not_vouch_for_a_made_up_one(
    identity: ServerIdentity,
) -> None:
    assert dial(identity, CertificateAuthority()) == SessionEnd.CERTIFICATE
