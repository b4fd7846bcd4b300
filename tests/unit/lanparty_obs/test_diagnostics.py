import json
from dataclasses import FrozenInstanceError, replace

import pytest

from lanparty_obs import (
    Cast,
    ClientDiagnostics,
    ClientStatus,
    LastError,
    MemberStatus,
    SessionEnd,
    TunnelCounters,
    sentence,
)

STATUS = ClientStatus(
    state="joined",
    relay="relay.example:443",
    name="Ann",
    role="client",
    mac="02:00:5e:10:00:01",
    peer_id=1,
    room="r1",
    room_code="SESAME",
    mtu=1_500,
    round_trip_time=0.02,
    members=(MemberStatus(peer_id=2, role="gateway", name="Attic"),),
    last_error=LastError.of(SessionEnd.ROOM_FULL, "64 members"),
)


def test_an_error_carries_the_sentence_and_whether_another_try_makes_sense() -> None:
    assert LastError.of(SessionEnd.KICKED).final
    error = LastError.of(SessionEnd.ROOM_FULL, "64 members")
    assert error.sentence == sentence(SessionEnd.ROOM_FULL)
    assert not error.final


def test_a_status_is_plain_values_for_json() -> None:
    plain = json.loads(json.dumps(STATUS.to_dict()))
    assert plain == STATUS.to_dict()
    assert plain["members"] == [
        {"peer_id": 2, "role": "gateway", "name": "Attic", "mac": None, "address": None}
    ]
    assert plain["last_error"]["code"] == "room_full"
    assert plain["room_code"] == "SESAME"


def test_what_is_not_known_yet_is_null() -> None:
    plain = ClientStatus(state="connecting", relay="relay.example:443").to_dict()
    assert plain["room"] is None
    assert plain["members"] == []
    assert plain["last_error"] is None


def test_diagnostics_hold_the_status_and_counters_but_not_the_room_code() -> None:
    counters = TunnelCounters(received=3, forwarded={Cast.UNICAST: 2})
    diagnostics = ClientDiagnostics(
        status=STATUS,
        version="0.1.0",
        port_mtu=1_500,
        send_budget=1_170,
        counters=counters,
        dropped_here={"timeout": 1},
    )
    plain = json.loads(json.dumps(diagnostics.to_dict()))
    assert plain["status"]["state"] == "joined"
    assert plain["counters"]["forwarded"] == {"unicast": 2}
    assert plain["dropped_here"] == {"timeout": 1}
    assert plain["relay_counters"] is None
    assert "SESAME" not in json.dumps(plain)
    assert "SESAME" not in repr(diagnostics)


def test_a_status_is_a_picture_that_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        STATUS.state = "left"  # type: ignore[misc]  # what the test is about
    assert replace(STATUS, state="left").state == "left"
