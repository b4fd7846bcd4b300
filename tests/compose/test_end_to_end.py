"""`make e2e-compose`: its exit code is the scenario's, and nothing of it stays."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from compose_project import REPOSITORY, operator_environment, own_name
from docker_command import docker, remains_of, remove_project
from waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.usefixtures("images"),
]

RUN_LIMIT = 300.0
START_LIMIT = 120.0
FAILED_ROW = re.compile(r"^ *\d+ +FAILED +(?P<name>\S.*)", re.MULTILINE)
BROKEN_IMAGE = "softlan/relay-broken-switch"


@pytest.fixture
def project() -> Iterator[str]:
    name = own_name("e2e")
    yield name
    remove_project(name)


@contextmanager
def started(project: str, output: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the script as a terminal would, in a process group of its own."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            [REPOSITORY / "docker/e2e.sh", *options],
            env=operator_environment() | {"SOFTLAN_E2E_PROJECT": project},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def interrupt_once_the_relay_runs(
    process: subprocess.Popen[bytes], project: str, number: signal.Signals
) -> None:
    """Send a signal to everything of the script, as Ctrl-C does, in the middle of its run."""

    def runs() -> bool:
        assert process.poll() is None
        label = f"label=com.docker.compose.project={project}"
        service = "label=com.docker.compose.service=relay"
        return bool(docker("ps", "--quiet", "--filter", label, "--filter", service).stdout)

    wait_until(runs, "the relay runs", limit=START_LIMIT)
    os.killpg(process.pid, number)


def test_a_run_after_a_killed_one_passes_every_row_and_leaves_nothing(
    project: str, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with started(project, output) as process:
        interrupt_once_the_relay_runs(process, project, signal.SIGKILL)
        process.wait()
    assert remains_of(project)
    with started(project, output) as process:
        code = process.wait(RUN_LIMIT)
    said = output.read_text()
    assert code == 0, said
    assert not FAILED_ROW.search(said)
    assert "skipped" not in said
    assert re.search(r"\d+ passed in", said)
    assert not remains_of(project)


def test_a_run_ended_by_ctrl_c_says_so_and_leaves_nothing(project: str, tmp_path: Path) -> None:
    with started(project, tmp_path / "output") as process:
        interrupt_once_the_relay_runs(process, project, signal.SIGINT)
        code = process.wait(30)
    assert code in {130, -signal.SIGINT}
    assert not remains_of(project)


def test_a_broken_switch_fails_its_row_with_exit_code_1_and_leaves_nothing(
    project: str, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    try:
        with started(project, output, "-f", "tests/compose/broken-switch.yaml") as process:
            code = process.wait(RUN_LIMIT)
        docker("image", "inspect", BROKEN_IMAGE)
    finally:
        docker("image", "rm", BROKEN_IMAGE, check=False)
    said = output.read_text()
    assert code == 1, said
    failed = [row["name"] for row in FAILED_ROW.finditer(said)]
    assert failed
    assert failed[0].startswith("frames of every length"), said
    assert "member joined" in said  # the relay's log, which a failure shows
    assert not remains_of(project)
