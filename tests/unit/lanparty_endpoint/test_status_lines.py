from typing import Any

from lanparty_endpoint.status_lines import status_lines

STATUS: dict[str, Any] = {
    "interface": "lan0",
    "state": "joined",
    "sentence": "You are in the room.",
    "room_code": "7K3M-9QXR-T2V",
    "invite": "softlan://relay.example/7K3M-9QXR-T2V",
    "name": "Ann",
    "addresses": ["10.1.2.3/24", "192.168.0.9/24"],
    "mac": "02:00:5e:10:00:01",
    "relay": "relay.example:443",
    "round_trip_time": 0.0234,
    "notices": ["Mind that."],
    "members": [
        {"name": "[b]Bob", "role": "client", "mac": "02:00:5e:10:00:02", "address": "10.1.2.4"},
        {"name": "Attic", "role": "gateway", "mac": None, "address": None},
    ],
}


def test_a_status_is_a_few_lines() -> None:
    assert status_lines(STATUS) == [
        "lan0: joined",
        "  room     7K3M-9QXR-T2V",
        "  invite   softlan://relay.example/7K3M-9QXR-T2V",
        "  name     Ann",
        "  address  10.1.2.3/24, 192.168.0.9/24",
        "  MAC      02:00:5e:10:00:01",
        "  relay    relay.example:443, round trip 23.4 ms",
        "  note     Mind that.",
        "  friends  [b]Bob, 10.1.2.4, 02:00:5e:10:00:02",
        "           Attic (gateway)",
    ]


def test_an_outage_and_what_is_not_known_are_said() -> None:
    lost = STATUS | {
        "state": "reconnecting",
        "sentence": "The connection to the relay was lost.",
        "room_code": None,
        "invite": None,
        "addresses": [],
        "round_trip_time": None,
        "members": [],
    }
    lines = status_lines(lost)
    assert lines[:2] == ["lan0: reconnecting", "  now      The connection to the relay was lost."]
    assert "  address  none" in lines
    assert "  relay    relay.example:443" in lines
