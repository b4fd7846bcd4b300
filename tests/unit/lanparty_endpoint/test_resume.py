import fcntl
import json
import stat
from pathlib import Path

import pytest

from lanparty_endpoint.resume import (
    PLACES_LIMIT,
    AlreadyJoinedError,
    ResumeRecord,
    ResumeStore,
    ResumeStoreError,
)

RECORD = ResumeRecord(token="0123456789abcdef0123456789abcdef", mac="02:00:00:00:00:01")


def test_a_saved_record_is_there_for_the_next_claim(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path / "resume")
    with store.claim("relay.example:443", "ABCDE") as slot:
        assert slot.load() is None
        slot.save(RECORD)
    with store.claim("relay.example:443", "ABCDE") as slot:
        assert slot.load() == RECORD


def test_a_gateways_record_has_no_mac(tmp_path: Path) -> None:
    record = ResumeRecord(token="0123", mac=None)
    with ResumeStore(tmp_path).claim("relay.example:443", "ABCDE") as slot:
        slot.save(record)
        assert slot.load() == record


def test_relays_rooms_and_places_are_kept_apart(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    with store.claim("one.example:443", "ABCDE") as slot:
        slot.save(RECORD)
        for relay, room, place in (
            ("two.example:443", "ABCDE", ""),
            ("one.example:443", "FGHJK", ""),
            ("one.example:443", "ABCDE", "alice"),
        ):
            with store.claim(relay, room, place=place) as other:
                assert other.load() is None


def test_a_second_claim_on_one_place_is_told_that_it_has_joined_already(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    with (
        store.claim("relay.example:443", "ABCDE"),
        pytest.raises(AlreadyJoinedError, match="already joined"),
    ):
        ResumeStore(tmp_path).claim("relay.example:443", "ABCDE")
    store.claim("relay.example:443", "ABCDE").close()


def test_files_are_for_this_user_alone_and_do_not_name_the_room(tmp_path: Path) -> None:
    with ResumeStore(tmp_path / "resume").claim("relay.example:443", "ABCDE") as slot:
        slot.save(RECORD)
    assert stat.S_IMODE((tmp_path / "resume").stat().st_mode) == 0o700
    files = list((tmp_path / "resume").iterdir())
    assert len(files) == 2
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "ABCDE" not in file.name


def test_a_save_leaves_no_file_beside_the_record(tmp_path: Path) -> None:
    with ResumeStore(tmp_path).claim("relay.example:443", "ABCDE") as slot:
        slot.save(RECORD)
        slot.save(ResumeRecord(token="ffff", mac=None))
        assert slot.load() == ResumeRecord(token="ffff", mac=None)
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".json", ".lock"]


def test_a_cleared_place_has_no_record(tmp_path: Path) -> None:
    with ResumeStore(tmp_path).claim("relay.example:443", "ABCDE") as slot:
        slot.clear()
        slot.save(RECORD)
        slot.clear()
        assert slot.load() is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"{", json.dumps({"token": 1, "mac": None}).encode(), b'{"mac": ""}'],
)
def test_a_damaged_record_counts_as_none(tmp_path: Path, content: bytes) -> None:
    with ResumeStore(tmp_path).claim("relay.example:443", "ABCDE") as slot:
        slot.save(RECORD)
        (record,) = tmp_path.glob("*.json")
        record.write_bytes(content)
        assert slot.load() is None


def test_a_directory_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(ResumeStoreError, match="file"):
        ResumeStore(tmp_path / "file" / "resume").claim("relay.example:443", "ABCDE")


def test_a_directory_can_be_tried_before_the_room_is_known(tmp_path: Path) -> None:
    ResumeStore(tmp_path / "resume").require_usable()
    assert list((tmp_path / "resume").iterdir()) == []
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(ResumeStoreError, match="--state-dir"):
        ResumeStore(tmp_path / "file" / "resume").require_usable()


def test_a_place_that_was_claimed_in_vain_leaves_nothing(tmp_path: Path) -> None:
    ResumeStore(tmp_path).claim("relay.example:443", "ABCDE").close()
    assert list(tmp_path.iterdir()) == []


def test_the_places_that_were_not_used_for_longest_go(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    present = store.claim("relay.example:443", "PRESENT")
    present.save(RECORD)
    for number in range(PLACES_LIMIT + 20):
        with store.claim("relay.example:443", f"ROOM{number}") as slot:
            slot.save(RECORD)
    in_use = 1
    assert len(list(tmp_path.glob("*.lock"))) == PLACES_LIMIT + in_use
    assert len(list(tmp_path.glob("*.json"))) == PLACES_LIMIT + in_use
    assert present.load() == RECORD
    present.close()
    with store.claim("relay.example:443", f"ROOM{PLACES_LIMIT + 19}") as slot:
        assert slot.load() == RECORD


def test_a_lock_that_was_removed_meanwhile_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ResumeStore(tmp_path)
    first = store.claim("relay.example:443", "ABCDE")
    flock = fcntl.flock

    def close_the_first_and_lock(descriptor: int, operation: int) -> None:
        first.close()  # Its file goes after the second one has opened it.
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", close_the_first_and_lock)
    with store.claim("relay.example:443", "ABCDE"):
        monkeypatch.undo()
        with pytest.raises(AlreadyJoinedError):
            store.claim("relay.example:443", "ABCDE")
