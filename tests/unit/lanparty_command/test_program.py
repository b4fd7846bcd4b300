from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

import pytest
from pydantic import Field, model_validator

from lanparty_command import (
    Command,
    CommandFailed,
    CommandSettings,
    ExitCode,
    ListenAddress,
    Option,
    Program,
    Relay,
    RelayAddress,
    UdpListen,
    run_program,
    softlan_version,
)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class ServeSettings(CommandSettings):
    listen: Annotated[UdpListen, Field(description="Where to serve.")] = ListenAddress(None, 443)
    state_dir: Annotated[Path | None, Field(description="Where to keep things.")] = None
    rooms: Annotated[
        int, Field(ge=1, le=10, description="Rooms at most."), Option(group="limits")
    ] = 5
    patience: Annotated[float, Field(gt=0, description="Seconds."), Option(metavar="SECONDS")] = 1.5
    colour: Annotated[Colour, Field(description="Paint.")] = Colour.RED
    shade: Annotated[
        str, Field(pattern=r"^#[0-9a-f]{6}$", description="Shade."), Option(form="# and 6 digits")
    ] = "#000000"
    log_format: Annotated[Literal["console", "json"], Field(description="Logs.")] = "console"
    retry: Annotated[bool, Field(description="Be strict, 100%."), Option(short="-r")] = False
    json_: Annotated[bool, Field(description="For machines.")] = False

    @model_validator(mode="after")
    def _rooms_need_patience(self) -> Self:
        if self.rooms > 5 and self.patience < 1:
            raise ValueError("--rooms above 5 needs --patience of at least 1")
        return self


class DialSettings(CommandSettings):
    invite: Annotated[str | None, Field(description="An invite."), Option(positional=True)] = None
    relay: Annotated[Relay, Field(description="Relay to dial.")]


class Recorder:
    """Runs as a command and keeps the settings that it got."""

    def __init__(self) -> None:
        self.served: list[ServeSettings] = []
        self.dialed: list[DialSettings] = []

    def serve(self, settings: ServeSettings) -> int:
        self.served.append(settings)
        return ExitCode.OK

    def dial(self, settings: DialSettings) -> int:
        self.dialed.append(settings)
        return 7


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def serve(recorder: Recorder) -> Program:
    return Program(
        name="serve", summary="Serve.", commands=[Command(ServeSettings, recorder.serve)]
    )


@pytest.fixture
def both(recorder: Recorder) -> Program:
    return Program(
        name="both",
        summary="Do one of two.",
        commands=[
            Command(ServeSettings, recorder.serve, "serve", "Serve people."),
            Command(
                DialSettings,
                recorder.dial,
                "dial",
                "Dial somebody.",
                epilog="examples:\n  both dial XYZ\n  both dial --relay a",
            ),
        ],
        epilog="examples:\n  both serve   serves\n  both dial    dials\n",
    )


@pytest.fixture
def serve_or_dial(recorder: Recorder) -> Program:
    return Program(
        name="serve",
        summary="Serve.",
        commands=[
            Command(ServeSettings, recorder.serve),
            Command(DialSettings, recorder.dial, "dial", "Dial somebody."),
        ],
    )


def test_without_options_the_defaults_hold(serve: Program, recorder: Recorder) -> None:
    assert run_program(serve, []) == ExitCode.OK
    assert recorder.served == [ServeSettings()]


def test_flags_become_typed_values(serve: Program, recorder: Recorder) -> None:
    flags = "--listen [::1]:5/udp --state-dir d --rooms 3 --patience 2 --colour blue"
    run_program(serve, [*flags.split(), "--log-format", "json", "--retry", "--json"])
    (settings,) = recorder.served
    assert settings.listen == ListenAddress("::1", 5)
    assert settings.state_dir == Path("d")
    assert (settings.rooms, settings.patience) == (3, 2.0)
    assert settings.colour is Colour.BLUE
    assert settings.log_format == "json"
    assert settings.retry
    assert settings.json_


def test_a_short_spelling_works(serve: Program, recorder: Recorder) -> None:
    run_program(serve, ["-r"])
    assert recorder.served[0].retry


def test_variables_set_what_flags_do_not(
    serve: Program, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANPARTY_ROOMS", "3")
    monkeypatch.setenv("LANPARTY_PATIENCE", "9")
    monkeypatch.setenv("LANPARTY_RETRY", "yes")
    monkeypatch.setenv("LANPARTY_JSON", "true")
    run_program(serve, ["--patience", "2", "--no-retry"])
    (settings,) = recorder.served
    assert (settings.rooms, settings.patience) == (3, 2.0)
    assert not settings.retry
    assert settings.json_


def test_an_empty_variable_counts_as_not_set(
    serve: Program, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANPARTY_ROOMS", "")
    monkeypatch.setenv("LANPARTY_RETRY", "")
    assert run_program(serve, []) == ExitCode.OK
    assert recorder.served[0].rooms == 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rooms", "0"], "--rooms: must be at least 1, not '0'"),
        (["--rooms", "11"], "--rooms: must be at most 10, not '11'"),
        (["--rooms", "many"], "--rooms: must be a whole number, not 'many'"),
        (["--patience", "0"], "--patience: must be more than 0, not '0'"),
        (["--patience", "nan"], "--patience: must be more than 0, not 'nan'"),
        (["--patience", "long"], "--patience: must be a number, not 'long'"),
        (["--shade", "red"], "--shade: 'red' does not have the right form: write # and 6 digits"),
        (["--state-dir", ""], "--state-dir: must not be empty"),
        (["--colour", "green"], "--colour: must be one of 'red' or 'blue', not 'green'"),
        (["--log-format", "xml"], "--log-format: must be one of 'console' or 'json', not 'xml'"),
        (["--listen", "44/tcp"], "--listen: '44/tcp' should end in /udp, or have no suffix at all"),
        (
            ["--rooms", "6", "--patience", "0.5"],
            "--rooms above 5 needs --patience of at least 1",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_flag(
    serve: Program,
    recorder: Recorder,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    assert run_program(serve, arguments) == ExitCode.USAGE
    assert capsys.readouterr().err == f"serve: {sentence}\nTry: serve --help\n"
    assert not recorder.served


def test_each_mistake_has_its_own_line(serve: Program, capsys: pytest.CaptureFixture[str]) -> None:
    run_program(serve, ["--rooms", "0", "--patience", "0"])
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_wrong_variable_is_named(
    serve: Program, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANPARTY_ROOMS", "0")
    assert run_program(serve, []) == ExitCode.USAGE
    assert "--rooms (from LANPARTY_ROOMS): must be at least 1" in capsys.readouterr().err


def test_a_long_wrong_value_is_not_repeated_in_full(
    serve: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    run_program(serve, ["--rooms", "x" * 5000])
    assert len(capsys.readouterr().err) < 200


def test_an_unknown_option_is_refused_with_what_was_meant(
    serve: Program, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(serve, ["--roms", "3"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "--roms" in said
    assert "--rooms" in said
    assert not recorder.served


@pytest.mark.parametrize("arguments", [["--room", "3"], ["stray"], ["--rooms"], ["--retry=1"]])
def test_what_the_command_does_not_know_is_refused(
    serve: Program, recorder: Recorder, arguments: list[str]
) -> None:
    assert run_program(serve, arguments) == ExitCode.USAGE
    assert not recorder.served


def test_help_says_each_option_its_default_and_its_variable(
    serve: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(serve, ["--help"]) == ExitCode.OK
    said = " ".join(capsys.readouterr().out.split())
    for option, variable, default in (
        ("--listen PORT|ADDRESS:PORT", "LANPARTY_LISTEN", "*:443"),
        ("--state-dir PATH", "LANPARTY_STATE_DIR", ""),
        ("--rooms N", "LANPARTY_ROOMS", "5"),
        ("--patience SECONDS", "LANPARTY_PATIENCE", "1.5"),
        ("--colour red|blue", "LANPARTY_COLOUR", "red"),
        ("--log-format console|json", "LANPARTY_LOG_FORMAT", "console"),
        ("--retry / --no-retry", "LANPARTY_RETRY", "off"),
        ("--json / --no-json", "LANPARTY_JSON", "off"),
    ):
        assert option in said
        assert variable in said
        assert f"default: {default}" in said
    assert "Limits:" in said
    assert "Be strict, 100%." in said


def test_version_says_program_and_version(
    serve: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(serve, ["--version"]) == ExitCode.OK
    assert capsys.readouterr().out == f"serve {softlan_version()}\n"


def test_a_subcommand_gets_its_own_settings(both: Program, recorder: Recorder) -> None:
    assert run_program(both, ["dial", "--relay", "relay.example", "XYZ"]) == 7
    assert recorder.dialed == [DialSettings(relay=RelayAddress("relay.example"), invite="XYZ")]
    assert not recorder.served


def test_an_argument_may_come_from_its_variable(
    both: Program, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANPARTY_INVITE", "XYZ")
    run_program(both, ["dial", "--relay", "relay.example"])
    assert recorder.dialed[0].invite == "XYZ"


def test_a_missing_value_is_named_with_its_variable(
    both: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(both, ["dial"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said == (
        "both dial: --relay is missing (or set LANPARTY_RELAY)\nTry: both dial --help\n"
    )


@pytest.mark.parametrize("arguments", [["dail"], ["dial", "--roms", "1"], ["--relay", "a"]])
def test_an_unknown_subcommand_or_option_of_one_is_refused(
    both: Program, arguments: list[str]
) -> None:
    assert run_program(both, arguments) == ExitCode.USAGE


def test_help_of_a_program_lists_its_subcommands_and_keeps_the_examples_lines(
    both: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(both, ["--help"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "Serve people." in said
    assert "Dial somebody." in said
    assert "both serve   serves\n" in said


def test_without_a_subcommand_the_help_is_printed_as_it_is(
    both: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(both, []) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    run_program(both, ["--help"])
    assert said.err == capsys.readouterr().out


def test_help_of_a_subcommand_has_its_options(
    both: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(both, ["dial", "--help"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "--relay HOST[:PORT]" in said
    assert "[INVITE]" in said
    assert "An invite.  [env var: LANPARTY_INVITE]" in said
    assert "both dial XYZ\n" in said


def test_a_failure_that_a_person_can_mend_is_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(settings: ServeSettings) -> int:
        raise CommandFailed("the cellar is dark: bring a lamp", exit_code=4)

    program = Program(name="serve", summary="", commands=[Command(ServeSettings, fail)])
    assert run_program(program, []) == 4
    assert capsys.readouterr().err == "serve: the cellar is dark: bring a lamp\n"


def test_ctrl_c_ends_with_the_shells_exit_code() -> None:
    def interrupted(settings: ServeSettings) -> int:
        raise KeyboardInterrupt

    program = Program(name="serve", summary="", commands=[Command(ServeSettings, interrupted)])
    assert run_program(program, []) == 130


def test_a_fault_of_ours_stays_loud() -> None:
    def faulty(settings: ServeSettings) -> int:
        raise ZeroDivisionError

    program = Program(name="serve", summary="", commands=[Command(ServeSettings, faulty)])
    with pytest.raises(ZeroDivisionError):
        run_program(program, [])


def test_a_program_with_a_command_of_its_own_runs_it_when_no_subcommand_is_named(
    serve_or_dial: Program, recorder: Recorder
) -> None:
    assert run_program(serve_or_dial, ["--rooms", "3"]) == ExitCode.OK
    assert recorder.served == [ServeSettings(rooms=3)]
    assert not recorder.dialed


def test_its_subcommand_runs_alone_and_gives_the_exit_code(
    serve_or_dial: Program, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANPARTY_ROOMS", "many")  # wrong, and none of the subcommand's business
    assert run_program(serve_or_dial, ["dial", "--relay", "relay.example"]) == 7
    assert recorder.dialed == [DialSettings(relay=RelayAddress("relay.example"))]
    assert not recorder.served


def test_its_own_options_are_refused_before_a_subcommand(
    serve_or_dial: Program, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(serve_or_dial, ["--rooms", "3", "dial", "--relay", "a"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("serve: --rooms stands before 'dial': ")
    assert not recorder.served
    assert not recorder.dialed


def test_its_mistakes_are_told_as_without_subcommands(
    serve_or_dial: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(serve_or_dial, ["--rooms", "0"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said == "serve: --rooms: must be at least 1, not '0'\nTry: serve --help\n"


def test_its_help_has_options_and_subcommands(
    serve_or_dial: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(serve_or_dial, ["--help"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "--rooms N" in said
    assert "Limits:" in said
    assert "Dial somebody." in said
