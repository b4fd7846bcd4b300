import logging

import pytest

from lanparty_endpoint.recent_lines import LINES_KEPT, RecentLines
from lanparty_obs.logging import configure, get_logger


def test_the_last_lines_are_kept() -> None:
    lines = RecentLines()
    for number in range(LINES_KEPT + 5):
        lines.write(f"line {number}\n")
    assert lines.lines()[0] == "line 5"
    assert len(lines.lines()) == LINES_KEPT


def test_a_line_without_an_end_in_sight_is_cut() -> None:
    lines = RecentLines()
    lines.write("x" * 10_000)
    lines.remember("y" * 10_000)
    assert [len(line) for line in lines.lines()] == [2_000, 2_000]


def test_names_are_known_as_long_as_their_lines_are_kept() -> None:
    lines = RecentLines()
    lines.remember("+ ann is in the room", names=["ann"])
    lines.remember("~ ann is bob now", names=["bob", "ann"])
    assert lines.names() == ["ann", "bob"]
    for number in range(LINES_KEPT):
        lines.write(f"line {number}\n")
    assert lines.names() == []


def test_what_the_process_logs_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    lines = RecentLines()
    lines.log_here()
    try:
        get_logger("test").warning("it happened", reason="because")
        logging.getLogger("another.library").warning("so did this")
    finally:
        configure(json=False)
    assert "it happened" in lines.lines()[0]
    assert "so did this" in lines.lines()[1]
    assert capsys.readouterr().err == ""


def test_with_an_echo_stderr_gets_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    lines = RecentLines(echo=True)
    lines.write("told\n")
    lines.remember("shown elsewhere")
    lines.flush()
    assert capsys.readouterr().err == "told\n"
    assert lines.lines() == ["told", "shown elsewhere"]
