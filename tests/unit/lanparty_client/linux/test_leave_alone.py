import asyncio
from pathlib import Path

import pytest

from lanparty_client.linux.leave_alone import (
    drop_ins,
    leave_alone,
    remove_abandoned_drop_ins,
    take_back,
)

NAME = "softlan-no-such"
NETWORK_MANAGER = f"NetworkManager/conf.d/90-softlan-{NAME}.conf"
NETWORKD = f"systemd/network/10-softlan-{NAME}.network"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs nmcli and networkctl that write down how they were called."""
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    calls.touch()
    for name in ("nmcli", "networkctl"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>"{calls}"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return calls


@pytest.fixture
def run(tmp_path: Path, programs: Path) -> Path:
    """A /run of a machine where both services run."""
    run = tmp_path / "run"
    (run / "NetworkManager").mkdir(parents=True)
    (run / "systemd/netif").mkdir(parents=True)
    (run / "systemd/netif/state").touch()
    return run


def test_both_services_are_told_and_reloaded(run: Path, programs: Path) -> None:
    assert asyncio.run(leave_alone(NAME, run=run)) == ()
    assert (run / NETWORK_MANAGER).read_text().splitlines() == [
        f"[device-softlan-{NAME}]",
        f"match-device=interface-name:={NAME}",
        "managed=0",
    ]
    assert f"Name={NAME}" in (run / NETWORKD).read_text()
    assert "Unmanaged=yes" in (run / NETWORKD).read_text()
    assert programs.read_text() == "nmcli general reload conf\nnetworkctl reload\n"


def test_telling_again_changes_nothing(run: Path, programs: Path) -> None:
    asyncio.run(leave_alone(NAME, run=run))
    programs.write_text("")
    assert asyncio.run(leave_alone(NAME, run=run)) == ()
    assert programs.read_text() == ""


def test_taking_back_removes_the_files(run: Path, programs: Path) -> None:
    asyncio.run(leave_alone(NAME, run=run))
    programs.write_text("")
    asyncio.run(take_back(NAME, run=run))
    assert not list(run.rglob("*softlan*"))
    assert programs.read_text() == "nmcli general reload conf\nnetworkctl reload\n"
    asyncio.run(take_back(NAME, run=run))


def test_the_files_of_an_interface_that_exists_stay(run: Path) -> None:
    asyncio.run(leave_alone("lo", run=run))
    asyncio.run(take_back("lo", run=run))
    assert len(list(run.rglob("*softlan-lo*"))) == 2


def test_a_machine_without_the_services_gets_no_files(tmp_path: Path) -> None:
    assert asyncio.run(leave_alone(NAME, run=tmp_path)) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_cannot_be_told_is_a_sentence(run: Path) -> None:
    (run / "NetworkManager/conf.d").touch()  # no folder: writing fails, even as root
    (notice,) = asyncio.run(leave_alone(NAME, run=run))
    assert notice.startswith(f"NetworkManager can't be told to leave {NAME} alone")
    assert (run / NETWORKD).exists()


def test_only_softlan_s_files_of_interfaces_that_are_gone_are_removed(run: Path) -> None:
    asyncio.run(leave_alone(NAME, run=run))
    asyncio.run(leave_alone("lan7", run=run))
    strange = run / "NetworkManager/conf.d/90-other.conf"
    strange.touch()
    asyncio.run(remove_abandoned_drop_ins({"lo", "lan7"}, run=run))
    assert not list(run.rglob(f"*{NAME}*"))
    assert len(list(run.rglob("*softlan-lan7*"))) == 2
    assert strange.exists()


@pytest.mark.parametrize(("active", "notices"), [(True, 2), (False, 0)])
def test_only_a_running_service_that_does_not_read_its_files_is_a_sentence(
    run: Path, programs: Path, active: bool, notices: int
) -> None:
    for name in ("nmcli", "networkctl", "systemctl"):
        program = programs.parent / "bin" / name
        program.write_text(f"#!/bin/sh\nexit {int(name != 'systemctl' or not active)}\n")
        program.chmod(0o755)
    said = asyncio.run(leave_alone(NAME, run=run))
    assert len(said) == notices
    assert all(" as root." in sentence for sentence in said)
    assert (run / NETWORKD).exists()


def test_a_machine_without_the_programs_is_told_by_the_files_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert asyncio.run(leave_alone(NAME, run=run)) == ()
    assert (run / NETWORKD).exists()


def test_what_was_told_for_good_is_not_told_again(
    run: Path, tmp_path: Path, programs: Path
) -> None:
    etc = tmp_path / "etc"
    for path, text in drop_ins(NAME, etc).items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert asyncio.run(leave_alone(NAME, run=run, etc=etc)) == ()
    assert not list(run.rglob("*softlan*"))
    assert programs.read_text() == ""


def test_the_files_for_good_are_those_of_a_join(run: Path) -> None:
    asyncio.run(leave_alone(NAME, run=run))
    written = {path: path.read_text() for path in run.rglob("*softlan*")}
    assert drop_ins(NAME, run) == written
