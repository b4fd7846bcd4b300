"""A gateway's status for a person."""

from typing import Any

from lanparty_gateway.status_lines import gateway_status_lines


def status(**changed: object) -> dict[str, Any]:
    return {
        "interface": "eth0",
        "state": "joined",
        "sentence": "",
        "room_code": "7K3M-9QXR-T2V",
        "name": "Attic",
        "addresses": ["192.168.1.5/24"],
        "mac": None,
        "round_trip_time": 0.02,
        "relay": "relay.example:443",
        "notices": [],
        "members": [],
        "lan": {
            "link": "up",
            "mac": "02:00:00:00:00:01",
            "table_size": 1,
            "port": {"kernel_drops": 0},
        },
        "forwarding": {"phase": "forwarding", "sentence": ""},
        "lan_to_room": {"forwarded": 1, "dropped": {}},
        "room_to_lan": {"forwarded": 20, "dropped": {"dhcp": 2, "own_source": 3}},
    } | changed


def test_it_says_what_crosses_and_what_is_kept_out() -> None:
    text = "\n".join(gateway_status_lines(status()))
    assert "1 machine heard" in text
    assert "bridged  yes" in text
    assert "1 frame\n" in text
    assert "20 frames; kept out: 3 own source, 2 dhcp" in text
    assert "None" not in text


def test_why_it_has_stopped_is_said_once() -> None:
    sentence = "loop: a cable too many."
    stopped = {"phase": "stopped", "sentence": sentence}
    text = "\n".join(gateway_status_lines(status(forwarding=stopped, notices=[sentence])))
    assert text.count(sentence) == 1
    assert "bridged  no: it has stopped" in text


def test_a_standby_is_said_to_wait() -> None:
    phase = {"phase": "not_joined", "sentence": ""}
    lines = gateway_status_lines(status(state="waiting", forwarding=phase))
    assert any(line.endswith("no: it waits as a standby") for line in lines)


def test_frames_that_the_kernel_lost_are_told() -> None:
    lan = status()["lan"] | {"port": {"kernel_drops": 7}}
    assert any("7 frames came faster" in line for line in gateway_status_lines(status(lan=lan)))
