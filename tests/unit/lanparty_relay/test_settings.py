from pathlib import Path

import pytest
from pydantic import ValidationError

from lanparty_command import ListenAddress
from lanparty_relay.settings import RelaySettings


def test_the_defaults_serve_everybody_and_show_the_api_to_this_host_alone() -> None:
    settings = RelaySettings()
    assert settings.listen == ListenAddress(None, 443)
    assert settings.admin == ListenAddress("127.0.0.1", 8080)
    assert settings.state_dir.name == "softlan"


def test_limits_go_to_the_core() -> None:
    settings = RelaySettings(
        rooms=3, peers_per_room=4, joins_per_minute=5, hello_timeout=6, room_mtu=1400
    )
    limits = settings.relay_limits()
    assert (limits.rooms, limits.peers_per_room, limits.joins_per_minute) == (3, 4, 5)
    assert (limits.hello_timeout, limits.room_mtu) == (6, 1400)
    assert not limits.allow_universal_macs


def test_no_joins_per_minute_means_no_limit() -> None:
    assert RelaySettings(joins_per_minute=0).relay_limits().joins_per_minute is None


def test_the_endpoint_keeps_a_connection_alive_well_within_its_idle_timeout() -> None:
    assert RelaySettings().endpoint_limits().keep_alive == 10
    short = RelaySettings(idle_timeout=6).endpoint_limits()
    assert (short.idle_timeout, short.keep_alive) == (6, 2)


def test_a_packet_size_holds_for_what_is_sent_and_for_what_players_are_asked_for() -> None:
    small = RelaySettings(packet_size=1200)
    assert small.endpoint_limits().packet_size_to_reach("192.0.2.1") == 1200
    assert small.relay_limits().largest_datagram == 1170
    searched = RelaySettings()
    assert searched.endpoint_limits().packet_size_to_reach("192.0.2.1") == 1472
    assert searched.relay_limits().largest_datagram == 1522


@pytest.mark.parametrize("size", [1199, 1501])
def test_a_packet_size_is_one_that_quic_and_the_engine_have(size: int) -> None:
    with pytest.raises(ValidationError, match="packet_size"):
        RelaySettings(packet_size=size)


def test_there_are_connections_beyond_the_players_for_those_on_their_way_in() -> None:
    assert RelaySettings(peers=10).endpoint_limits().maximum_connections > 10


@pytest.mark.parametrize(("rooms", "peers", "blocks"), [(1, 64, 66), (1000, 10, 21)])
def test_there_is_a_counter_block_for_whatever_can_be_at_once(
    rooms: int, peers: int, blocks: int
) -> None:
    assert RelaySettings(rooms=rooms, peers=peers).counter_blocks() == blocks


@pytest.mark.parametrize("given", ["cert", "key"])
def test_a_certificate_and_its_key_go_together(given: str) -> None:
    with pytest.raises(ValidationError, match="needs"):
        RelaySettings.model_validate({given: Path("file.pem")})


@pytest.mark.parametrize(("joins", "handshakes"), [(1, 64), (60, 64), (200, 200), (900, 256)])
def test_where_more_may_join_from_one_address_more_handshakes_may_be_open(
    joins: int, handshakes: int
) -> None:
    limits = RelaySettings(joins_per_minute=joins).endpoint_limits()
    assert limits.handshakes_per_source == handshakes


def test_without_a_limit_of_joins_one_address_may_have_every_handshake() -> None:
    limits = RelaySettings(joins_per_minute=0).endpoint_limits()
    assert limits.handshakes_per_source == limits.maximum_handshakes
