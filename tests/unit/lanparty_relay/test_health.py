import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lanparty_command import CommandFailed, ListenAddress
from lanparty_relay.health import HealthSettings, tell_health

NEVER_NEEDED = ("aioquic", "cryptography", "fastapi", "lanparty_relay.running", "uvicorn")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """Serve one answer to /readyz on the loopback and give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", [None, "0.0.0.0", "::", "127.0.0.1"])
def test_a_relay_in_order_is_told_in_one_line(
    host: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(200, b"{}") as port:
        assert tell_health(HealthSettings(admin=ListenAddress(host, port))) == 0
    assert capsys.readouterr().out == "The relay is ready.\n"


def test_a_relay_that_is_half_down_says_which_half() -> None:
    problem = json.dumps({"status": 503, "detail": "The relay half is down."}).encode()
    with (
        answering(503, problem) as port,
        pytest.raises(CommandFailed, match=r"^The relay half is down\.$"),
    ):
        tell_health(HealthSettings(admin=ListenAddress("127.0.0.1", port)))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_what_is_no_problem_document_is_told_by_its_status(body: bytes) -> None:
    with answering(502, body) as port, pytest.raises(CommandFailed, match="answers 502"):
        tell_health(HealthSettings(admin=ListenAddress("127.0.0.1", port)))


def test_nothing_at_the_port_is_told_with_a_way_out() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        admin = ListenAddress("127.0.0.1", unused.getsockname()[1])
        with pytest.raises(CommandFailed, match=r"can't be reached.* --admin$"):
            tell_health(HealthSettings(admin=admin))


def test_who_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        admin = ListenAddress("127.0.0.1", silent.getsockname()[1])
        with pytest.raises(CommandFailed, match=r"no answer within 0\.05 s"):
            tell_health(HealthSettings(admin=admin, timeout=0.05))


def test_it_loads_nothing_that_serving_needs() -> None:
    script = (
        "import sys, lanparty_relay.program; "
        f"print([name for name in {NEVER_NEEDED} if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"
