"""Runs a program: reads its command line into settings, calls it, answers with an exit code."""

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from importlib.metadata import version
from typing import Any, Final, Generic, TypeVar

import click
from click.core import ParameterSource
from pydantic import ValidationError

from lanparty_command.complaints import sentences
from lanparty_command.folding import folded
from lanparty_command.options import FieldArgument, FieldOption, parameters_of
from lanparty_command.output import output_guarded
from lanparty_command.settings import CommandSettings, flag

__all__ = ["Command", "CommandFailed", "ExitCode", "Program", "run_program", "softlan_version"]

SettingsT = TypeVar("SettingsT", bound=CommandSettings)

_NAMED: Final = "softlan.subcommand_is_named"


class ExitCode(IntEnum):
    """What every softlan program tells the shell; a program may add its own from 3 on."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    INTERRUPTED = 130
    """Ended by Ctrl-C: 128 + SIGINT, as shells count."""


class CommandFailed(Exception):  # noqa: N818  named after what happened
    """The command can't do what was asked. The text is for the person: what, why, a way out."""

    def __init__(self, text: str, *, exit_code: int = ExitCode.FAILURE) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Command(Generic[SettingsT]):
    """A settings class and what runs with it; `run` returns the exit code."""

    settings: type[SettingsT]
    run: Callable[[SettingsT], int]
    name: str = ""
    """The subcommand's name; empty for what the program does without one."""
    summary: str = ""
    """One line of help."""
    epilog: str = ""
    """Printed below the help of a named command: examples."""


@dataclass(frozen=True, slots=True)
class Program:
    """A console script: a command without a name, several with one, or both."""

    name: str
    summary: str
    commands: Sequence[Command] = field(default_factory=tuple)  # type: ignore[type-arg]  # any mix
    epilog: str = ""
    """Printed below the help: examples."""


def softlan_version() -> str:
    """Return the version of the installed distribution."""
    return version("softlan")


def run_program(program: Program, arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments` (the process's when None) and return the exit code.

    A person's mistake becomes one sentence each on stderr, never a traceback; a fault of ours
    keeps its traceback. `--help` and `--version` return 0. If stdout takes nothing any more, the
    run ends with `ExitCode.FAILURE`.
    """
    return output_guarded(
        lambda: _run(program, arguments), name=program.name, failure=ExitCode.FAILURE
    )


def _run(program: Program, arguments: Sequence[str] | None) -> int:
    try:
        return int(_click_program(program).main(arguments, program.name, standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as bare:
        print(bare.format_message(), file=sys.stderr)
        return ExitCode.USAGE
    except click.UsageError as mistake:
        where = mistake.ctx.command_path if mistake.ctx else program.name
        for line in mistake.format_message().splitlines():
            _complain(f"{where}: {line}")
        _complain(f"Try: {where} --help")
        return ExitCode.USAGE
    except CommandFailed as failure:
        _complain(f"{program.name}: {failure}")
        return failure.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED


def _complain(text: str) -> None:
    """Print to stderr; a terminal gets it folded, a file or a program in whole lines."""
    if sys.stderr is not None and sys.stderr.isatty():
        text = folded(text, width=shutil.get_terminal_size().columns)
    print(text, file=sys.stderr)


class _SettingsCommand(click.Command):
    """A command whose options stand under the headings that their fields name."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _format_options(self.get_params(ctx), ctx, formatter)


class _SettingsGroup(click.Group):
    """A command that also has subcommands: it runs when the first word is none of them.

    If it takes an argument without a flag, its options may stand before and behind that.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        arguments = [each for each in self.params if isinstance(each, FieldArgument)]
        if args[:1] and args[0] in self.commands:
            ctx.meta[_NAMED] = True
        elif arguments:
            ctx.allow_interspersed_args = True
        rest = super().parse_args(ctx, args)
        for name in (str(each.name) for each in arguments):
            if ctx.params.get(name) in self.commands:
                raise click.UsageError(
                    f"Write {ctx.params[name]!r} first, its options behind it", ctx
                )
        return rest

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        parameters = super().get_params(ctx)
        if ctx.meta.get(_NAMED):  # or the subcommand's name would be taken for the argument
            return [each for each in parameters if not isinstance(each, FieldArgument)]
        return parameters

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _format_options(self.get_params(ctx), ctx, formatter)
        self.format_commands(ctx, formatter)


def _format_options(
    parameters: Sequence[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Options": []}
    for parameter in parameters:
        heading = parameter.group if isinstance(parameter, FieldOption) else ""
        if record := parameter.get_help_record(ctx):
            sections.setdefault(heading.capitalize() or "Options", []).append(record)
    for title, records in sections.items():
        with formatter.section(title):
            formatter.write_dl(records)


def _click_program(program: Program) -> click.Command:
    version_option = click.version_option(
        softlan_version(), prog_name=program.name, message="%(prog)s %(version)s"
    )
    epilog = _unfilled(program.epilog)
    named = [command for command in program.commands if command.name]
    unnamed = next((command for command in program.commands if not command.name), None)
    if not named and unnamed is not None:
        return version_option(
            _SettingsCommand(**_face(unnamed, program.summary, epilog), callback=_judged(unnamed))
        )
    group = click.Group(help=program.summary, epilog=epilog)
    if unnamed is not None:
        group = _SettingsGroup(
            **_face(unnamed, program.summary, epilog),
            callback=_unless_subcommand(unnamed),
            invoke_without_command=True,
            subcommand_metavar="[COMMAND [OPTIONS]]",
        )
    for command in named:
        face = _face(command, command.summary, _unfilled(command.epilog))
        group.add_command(_SettingsCommand(**face, callback=_judged(command)))
    return version_option(group)


def _unfilled(epilog: str) -> str | None:
    """Mark each paragraph, so that click doesn't fill its lines into one."""
    if not epilog:
        return None
    return "\n\n".join(f"\b\n{paragraph}" for paragraph in epilog.split("\n\n"))


def _face(
    command: Command[CommandSettings], summary: str, epilog: str | None
) -> dict[str, Any]:  # Any: click's keywords
    return {
        "name": command.name or None,
        "params": list(parameters_of(command.settings)),
        "help": summary,
        "epilog": epilog,
        "context_settings": {"max_content_width": 100},
    }


def _judged(command: Command[CommandSettings]) -> Callable[..., int]:
    """Return what makes the settings of what was given, and runs the command with them."""

    @click.pass_context
    def judge_and_run(context: click.Context, /, **texts: Any) -> int:  # Any: text or bool
        given = {name: text for name, text in texts.items() if text is not None}
        said = _from_command_line(context, given)
        try:
            settings = command.settings(**given)
        except ValidationError as error:
            lines = sentences(command.settings, error, given=said)
            raise click.UsageError("\n".join(lines), context) from None
        return command.run(settings)

    return judge_and_run


def _unless_subcommand(command: Command[CommandSettings]) -> Callable[..., int]:
    """Return what runs the command if no subcommand is named, and then refuses its options."""
    run = _judged(command)

    @click.pass_context
    def run_or_refuse(context: click.Context, /, **texts: Any) -> int:  # Any: text or bool
        if context.invoked_subcommand is None:
            return run(**texts)
        for name in _from_command_line(context, texts):
            raise click.UsageError(
                f"{flag(name)} stands before {context.invoked_subcommand!r}: "
                "options go behind the command that they are for",
                context,
            )
        return ExitCode.OK

    return run_or_refuse


def _from_command_line(context: click.Context, names: Iterable[str]) -> list[str]:
    return [
        name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
