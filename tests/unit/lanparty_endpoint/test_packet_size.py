import pytest
from pydantic import ValidationError

from lanparty_command import RelayAddress
from lanparty_endpoint.packet_size import receive_budget
from lanparty_endpoint.room_wish import RoomWish
from lanparty_endpoint.settings import EndpointSettings


@pytest.mark.parametrize(
    ("packet_size", "budget"), [(None, 1_522), (1_200, 1_170), (1_452, 1_422), (1_500, 1_470)]
)
def test_what_is_accepted_fits_the_packets_that_are_asked_for(
    packet_size: int | None, budget: int
) -> None:
    assert receive_budget(packet_size) == budget


def test_the_smallest_packet_holds_the_smallest_budget_that_a_relay_admits() -> None:
    assert receive_budget(1_200) >= 1_150


def wish(**wished: object) -> RoomWish:
    given = {"relay": "relay.example", "name": "Ann", "interface": "lan0"}
    return RoomWish.model_validate(given | wished)


def test_a_wish_says_both_ways_how_large_packets_may_be() -> None:
    limited = wish(packet_size=1_200)
    assert limited.known_relay().packet_size == 1_200
    assert limited.receive_budget == 1_170
    searched = wish()
    assert searched.known_relay().packet_size is None
    assert searched.receive_budget == 1_522


@pytest.mark.parametrize("size", [0, 1_199, 1_501, "large"])
def test_a_size_that_quic_does_not_have_is_refused(size: object) -> None:
    with pytest.raises(ValidationError, match="packet_size"):
        wish(packet_size=size)


def test_the_setting_goes_with_the_relay_that_it_is_for() -> None:
    settings = EndpointSettings(packet_size=1_300)
    assert settings.known(RelayAddress("relay.example")).packet_size == 1_300
