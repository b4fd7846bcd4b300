"""Measuring the way to a relay, and dialing it, over the loopback."""

import socket
from collections.abc import AsyncIterator

import pytest

from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_endpoint.doctor import Obstacle
from lanparty_endpoint.doctor.dialing import dial_relay
from lanparty_endpoint.doctor.measuring import measure_path
from lanparty_obs.codes import SessionEnd
from lanparty_quic.endpoint import CertificateAuthority, PinnedKey, Trust
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.loop import EndpointDriver, UdpEndpoint, bind_endpoint

LOCALHOST = "127.0.0.1"


class Listening:
    """A relay that accepts connections and hears nothing of them."""

    def __init__(self, endpoint: UdpEndpoint) -> None:
        self._endpoint = endpoint

    def serve(self, *, now: float) -> None:
        self._endpoint.events()
        self._endpoint.flush(now=now)

    def next_deadline(self) -> float | None:
        return None


@pytest.fixture
async def port(identity: ServerIdentity) -> AsyncIterator[int]:
    endpoint = bind_endpoint(LOCALHOST, 0, identity=identity)
    driver = EndpointDriver(endpoint, Listening(endpoint))
    driver.start()
    yield endpoint.local_address[1]
    await driver.aclose()


def known(port: int, trust: Trust) -> KnownRelay:
    return KnownRelay(RelayAddress(LOCALHOST, port), trust, 5.0)


async def test_a_relay_that_answers_is_measured(port: int) -> None:
    path = await measure_path(LOCALHOST, port, seconds=1.0)
    assert path.address == (LOCALHOST, port)
    assert path.sent == len(path.round_trips) == 10
    assert all(0 < seconds < 1 for seconds in path.round_trips)
    assert path.largest_packet == max(path.sizes_tried) == 1_412, "ten tries are three sizes"


async def test_a_port_where_nothing_listens_refuses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOCALHOST, 0))
        free = taken.getsockname()[1]
    path = await measure_path(LOCALHOST, free, seconds=1.0)
    assert (path.address, path.obstacle) == (None, Obstacle.REFUSED)


async def test_a_port_that_says_nothing_is_silent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((LOCALHOST, 0))
        path = await measure_path(LOCALHOST, mute.getsockname()[1], seconds=1.0)
    assert (path.address, path.obstacle, path.sent) == (None, Obstacle.SILENT, 4)


@pytest.mark.parametrize("name", ["nobody.invalid", "a" * 64 + ".example"])
async def test_a_name_without_an_address_is_told_apart(name: str) -> None:
    assert (await measure_path(name, 443)).obstacle is Obstacle.NAME


async def test_a_handshake_with_the_right_relay_takes_its_time(
    port: int, identity: ServerIdentity
) -> None:
    reach = await dial_relay(known(port, PinnedKey(identity.pin)), (LOCALHOST, port))
    assert reach.end is None
    assert reach.seconds is not None
    assert reach.by_pin


async def test_the_wrong_pin_and_a_strange_certificate_are_named(
    port: int, other_identity: ServerIdentity
) -> None:
    wrong = await dial_relay(known(port, PinnedKey(other_identity.pin)), (LOCALHOST, port))
    assert (wrong.end, wrong.seconds) == (SessionEnd.PIN, None)
    strange = await dial_relay(known(port, CertificateAuthority()), (LOCALHOST, port))
    assert (strange.end, strange.by_pin) == (SessionEnd.CERTIFICATE, False)
    assert strange.text
