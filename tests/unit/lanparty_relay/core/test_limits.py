from typing import Any

import pytest

from lanparty_relay.core import RelayLimits


def test_the_defaults_are_the_designs() -> None:
    limits = RelayLimits()
    assert limits.peers_per_room == 64
    assert limits.hello_timeout == 5.0
    assert limits.room_mtu == 1500


@pytest.mark.parametrize(
    "unfit",
    [
        {"rooms": 0},
        {"peers_per_room": 0},
        {"peers_per_room": 251},
        {"joins_per_minute": 0},
        {"hello_timeout": 0.0},
        {"room_mtu": 1279},
        {"room_mtu": 1501},
        {"largest_datagram": 1149},
    ],
    ids=str,
)
def test_a_limit_that_could_never_work_is_refused(unfit: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(unfit))):
        RelayLimits(**unfit)
