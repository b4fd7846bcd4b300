"""What tests of several packages share: certificates, made once, and programs of the system."""

import datetime
import os
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lanparty_quic.identity import ServerIdentity


def self_signed(name: str) -> ServerIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return ServerIdentity(certificate, (), key)


@pytest.fixture(scope="session")
def identity() -> ServerIdentity:
    """The identity of a relay named relay.example."""
    return self_signed("relay.example")


@pytest.fixture(scope="session")
def other_identity() -> ServerIdentity:
    """Somebody else's certificate for the same name."""
    return self_signed("relay.example")


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool; where everything must run, as in CI, a missing one is a failure."""
    path = shutil.which("promtool")
    if path is None:
        missing = "promtool is not installed: Debian's package prometheus has it"
        if os.environ.get("SOFTLAN_TESTS_MUST_RUN"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
