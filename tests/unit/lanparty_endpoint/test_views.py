import json

import pytest

from lanparty_endpoint.happenings import Happening, Weight
from lanparty_endpoint.views import JsonView, LineView

HAPPENINGS = [Happening("x", weight.value, {"n": 1}, weight) for weight in Weight]


@pytest.mark.parametrize(
    ("quiet", "verbose", "out"),
    [
        (False, False, ["normal", "important"]),
        (True, False, ["important"]),
        (False, True, ["detail", "normal", "important"]),
    ],
)
def test_lines_are_for_those_who_asked_and_complaints_go_to_stderr(
    capsys: pytest.CaptureFixture[str], quiet: bool, verbose: bool, out: list[str]
) -> None:
    with LineView(quiet=quiet, verbose=verbose) as view:
        for happening in HAPPENINGS:
            view.show(happening)
    said = capsys.readouterr()
    assert said.out.splitlines() == out
    assert said.err.splitlines() == ["complaint"]


def test_a_name_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with LineView(quiet=False, verbose=False) as view:
        view.show(Happening("x", "[bold]Bob[/] :smile: " + "x" * 200))
    assert capsys.readouterr().out == "[bold]Bob[/] :smile: " + "x" * 200 + "\n"


def test_programs_get_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonView(verbose=False) as view:
        for happening in HAPPENINGS:
            view.show(happening)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["normal", "important", "complaint"]
    assert lines[0].items() >= {"event": "x", "n": 1, "weight": "normal"}.items()
    assert "time" in lines[0]
