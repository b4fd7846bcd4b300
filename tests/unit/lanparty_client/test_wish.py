import json
from ipaddress import IPv4Interface
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from lanparty_client.addressing import AddressMode
from lanparty_client.settings import JoinSettings
from lanparty_client.wish import JoinWish
from lanparty_quic import CertificateAuthority, PinnedKey
from lanparty_quic.identity import ServerIdentity

PIN = "sha256:" + "A" * 43
PEM_OF_NOTHING = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n"


def over_the_socket(wish: JoinWish) -> JoinWish:
    return JoinWish.model_validate(json.loads(json.dumps(wish.model_dump(mode="json"))))


@pytest.mark.parametrize(
    "given",
    [
        {"relay": "relay.example"},
        {"relay": "[2001:db8::1]:4433", "room": "lan-party", "create": "true", "pin": PIN},
        {
            "relay": "192.0.2.1",
            "address": "10.0.0.5/24",
            "interface": "lan7",
            "discovery_routes": "false",
            "mss_clamp": "false",
            "use_lan_gateway": "true",
            "force": "true",
            "wait": "true",
            "detach": "true",
            "connect_timeout": "2.5",
        },
    ],
)
def test_a_wish_reaches_the_service_as_it_is(given: dict[str, str]) -> None:
    wish = JoinSettings.model_validate({"name": "Ann"} | given).wish()
    assert over_the_socket(wish) == wish


def test_a_static_address_comes_with_its_prefix() -> None:
    wish = JoinWish.model_validate({"relay": "a", "name": "Ann", "address": "10.0.0.5/24"})
    assert wish.address.mode is AddressMode.STATIC
    assert wish.address.static == IPv4Interface("10.0.0.5/24")


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"relay": "a"},
        {"name": "Ann"},
        {"relay": 5, "name": "Ann"},
        {"relay": "x" * 100_000, "name": "Ann"},
        {"relay": "a b", "name": "Ann"},
        {"relay": "a", "name": "x" * 33},
        {"relay": "a", "name": "Ann", "room": "x" * 65},
        {"relay": "a", "name": "Ann", "room": {"code": "ABCDE"}},
        {"relay": "a", "name": "Ann", "pin": "sha256:x"},
        {"relay": "a", "name": "Ann", "interface": "../../etc"},
        {"relay": "a", "name": "Ann", "address": "10.0.0.0/24"},
        {"relay": "a", "name": "Ann", "address": {"mode": "none"}},
        {"relay": "a", "name": "Ann", "ca_file": "/etc/ssl/a.pem"},  # a file to be read
        {"relay": "a", "name": "Ann", "authorities": "/etc/ssl/a.pem"},
        {"relay": "a", "name": "Ann", "authorities": ""},
        {"relay": "a", "name": "Ann", "authorities": "\n" * 200_000},
        {"relay": "a", "name": "Ann", "authorities": PEM_OF_NOTHING},
        {"relay": "a", "name": "Ann", "connect_timeout": -1},
        {"relay": "a", "name": "Ann", "connect_timeout": float("inf")},
        {"relay": "a", "name": "Ann", "state_dir": "/etc"},
    ],
)
def test_a_wish_that_does_not_fit_is_refused(asked: Any) -> None:  # Any: what a user may write
    with pytest.raises(ValidationError):
        JoinWish.model_validate(asked)


def test_a_pin_proves_the_relay_and_an_authority_otherwise(identity: ServerIdentity) -> None:
    pinned = JoinWish.model_validate({"relay": "a", "name": "Ann", "pin": PIN})
    assert pinned.known_relay().trust == PinnedKey(PIN)
    trusting = JoinWish.model_validate({"relay": "a", "name": "Ann"})
    assert trusting.known_relay().trust == CertificateAuthority(None)
    certificates = identity.certificate.public_bytes(Encoding.PEM).decode()
    private = JoinWish.model_validate({"relay": "a", "name": "Ann", "authorities": certificates})
    assert over_the_socket(private).known_relay().trust == CertificateAuthority(certificates)
