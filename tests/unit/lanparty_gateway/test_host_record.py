"""The file that says what setup-host has changed."""

from pathlib import Path

import pytest

from lanparty_gateway.host.picture import HostPicture
from lanparty_gateway.host.record import Record, RecordError, RecordFile

PICTURE = HostPicture(name="eth0", mac="02:00:00:00:00:01", mtu=1500, is_ethernet=True, is_up=True)


def test_what_is_written_is_read_and_removed(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "folder/bridge.json")
    assert file.read() is None
    for complete in (False, True):
        file.write(Record(PICTURE, complete=complete))
        assert file.read() == Record(PICTURE, complete=complete)
    file.remove()
    file.remove()
    assert file.read() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"complete": true, "before": {"name": 1}}'])
def test_a_file_that_somebody_spoilt_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bridge.json"
    path.write_text(text)
    with pytest.raises(RecordError, match="can't be read"):
        RecordFile(path).read()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="can't be written"):
        RecordFile(tmp_path / "file/bridge.json").write(Record(PICTURE, complete=False))
