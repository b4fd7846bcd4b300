"""A program whose command without a name takes an argument, beside commands with one."""

from typing import Annotated, Any

import pytest

from lanparty_command import Command, CommandSettings, Option, Program, run_program


class Bare(CommandSettings):
    word: Annotated[str | None, Option(metavar="WORD", positional=True)] = None
    speed: int = 1


class Named(CommandSettings):
    loud: bool = False


def run(*arguments: str) -> tuple[int, list[object]]:
    ran: list[object] = []

    def bare(settings: Bare) -> int:
        ran.append((settings.word, settings.speed))
        return 0

    def named(settings: Named) -> int:
        ran.append(settings.loud)
        return 0

    commands: list[Command[Any]] = [  # Any: settings of several kinds
        Command(settings=Bare, run=bare),
        Command(settings=Named, run=named, name="tell", summary="Tell."),
    ]
    program = Program(name="play", summary="Play.", commands=commands)
    return run_program(program, list(arguments)), ran


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (None, 1)),
        (("word",), ("word", 1)),
        (("--speed", "2", "word"), ("word", 2)),
        (("word", "--speed", "2"), ("word", 2)),
        (("tell",), False),
        (("tell", "--loud"), True),
    ],
)
def test_the_first_word_says_which_command_is_meant(
    arguments: tuple[str, ...], expected: object
) -> None:
    assert run(*arguments) == (0, [expected])


def test_a_named_command_gets_no_argument_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANPARTY_WORD", "word")
    assert run("tell") == (0, [False])
    assert run() == (0, [("word", 1)])


def test_a_commands_name_behind_options_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--speed", "2", "tell") == (2, [])
    assert "Write 'tell' first" in capsys.readouterr().err
