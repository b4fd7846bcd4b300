"""What tests of several packages share: certificates, made once, and programs of the system."""

import datetime
import os
import shutil
from collections.abc import Callable
from typing import NoReturn

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
def lacking() -> Callable[[str], NoReturn]:
    """What a test calls that lacks a tool: a skip, but a failure where all must run, as in CI."""

    def lacks(sentence: str) -> NoReturn:
        if os.environ.get("SOFTLAN_TESTS_MUST_RUN"):
            pytest.fail(sentence)
        pytest.skip(sentence)

    return lacks


@pytest.fixture(scope="session")
def promtool(lacking: Callable[[str], NoReturn]) -> str:
    """The path of promtool."""
    path = shutil.which("promtool")
    return path or lacking("promtool is not installed: Debian's package prometheus has it")
