"""`lanparty-gateway health`: what a container's check is told."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lanparty_command import CommandFailed
from lanparty_endpoint.local_requests import Asker
from lanparty_endpoint.local_server import Answers, LocalServer
from lanparty_gateway.health import tell_health
from lanparty_gateway.session_settings import GatewaySessionSettings

FORWARDS = {"phase": "forwarding", "sentence": ""}
LOOP = {"phase": "stopped", "sentence": "loop: a cable too many."}


@contextmanager
def gateway(directory: Path, **status: object) -> Iterator[None]:
    """Answer as a gateway at eth0 whose status this is."""
    told = {"event": "status", "interface": "eth0", "state": "joined", "sentence": ""} | status
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def answer(_: Asker, __: Mapping[str, Any]) -> Answers:
        yield told

    async def serve() -> None:
        async with LocalServer(directory / "gateways/eth0.sock", answer):
            ready.set()
            await over.wait()

    (directory / "gateways").mkdir()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def settings(directory: Path, **more: object) -> GatewaySessionSettings:
    return GatewaySessionSettings.model_validate({"runtime_dir": directory} | more)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"forwarding": FORWARDS}, "The gateway at eth0 forwards.\n"),
        ({"state": "waiting"}, "The gateway at eth0 waits as a standby.\n"),
    ],
)
def test_one_that_forwards_or_waits_is_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: dict[str, object], said: str
) -> None:
    with gateway(tmp_path, **status):
        assert tell_health(settings(tmp_path)) == 0
    assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"forwarding": LOOP}, "forwards nothing: loop: a cable too many"),
        ({"forwarding": {"phase": "link_down", "sentence": ""}}, "forwards nothing: link down"),
        ({"state": "reconnecting", "sentence": "No answer."}, r"isn't in its room\. No answer"),
    ],
)
def test_one_that_bridges_nothing_says_why(
    tmp_path: Path, status: dict[str, object], said: str
) -> None:
    with gateway(tmp_path, **status), pytest.raises(CommandFailed, match=said):
        tell_health(settings(tmp_path))


def test_where_none_runs_that_is_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="No gateway runs"):
        tell_health(settings(tmp_path))


def test_programs_read_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with gateway(tmp_path, forwarding=LOOP):
        assert tell_health(settings(tmp_path, json_=True)) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert "loop" in told["sentences"][0]


def test_with_quiet_what_is_in_order_is_not_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gateway(tmp_path, forwarding=FORWARDS):
        assert tell_health(settings(tmp_path, quiet=True)) == 0
    assert capsys.readouterr().out == ""
