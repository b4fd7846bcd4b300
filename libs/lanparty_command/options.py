"""Turns a settings class into click's parameters: flags, help, defaults and variables.

Click reads the command line and the environment; every value stays text, which the settings class
judges, so that a rule about a value stands in one place.
"""

import enum
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from lanparty_command.settings import CommandSettings, Option, environment_variable, flag

__all__ = ["FieldArgument", "FieldOption", "option_of", "parameters_of"]


class FieldOption(click.Option):
    """An option of a settings class, which says its default in the settings' words."""

    def __init__(self, name: str, field: FieldInfo, option: Option) -> None:
        kind = _without_none(field.annotation)
        spelled = f"{flag(name)}/--no-{flag(name)[2:]}" if kind is bool else flag(name)
        super().__init__(
            [name, spelled, *filter(None, [option.short])],
            type=bool if kind is bool else str,
            default=None,
            metavar=None if kind is bool else option.metavar or _metavar(kind),
            envvar=environment_variable(name),
            show_envvar=True,
            help=field.description,
        )
        self.group = option.group
        self._default_text = option.default_text or _default_text(field)

    def get_help_extra(self, ctx: click.Context):  # type: ignore[no-untyped-def]  # a private type
        """Give what help puts in brackets behind the description."""
        extra = super().get_help_extra(ctx)
        if self._default_text:
            extra["default"] = self._default_text
        return extra


class FieldArgument(click.Argument):
    """A positional argument of a settings class, which has a line in the help as options do."""

    def __init__(self, name: str, field: FieldInfo, option: Option) -> None:
        super().__init__(
            [name],
            required=False,
            type=str,
            metavar=f"[{option.metavar or name.upper()}]",
            envvar=environment_variable(name),
        )
        self._description = field.description or ""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Give the line in the help."""
        variable = f"[env var: {self.envvar}]"
        return self.make_metavar(ctx), f"{self._description}  {variable}".strip()


def option_of(field: FieldInfo) -> Option:
    """Return the `Option` of a field: its own rather than its type's, else a plain one."""
    marks = [mark for mark in field.metadata if isinstance(mark, Option)]
    return marks[-1] if marks else Option()


def parameters_of(settings: type[CommandSettings]) -> Iterator[click.Parameter]:
    """Yield one parameter for each field, in the fields' order."""
    for name, field in settings.model_fields.items():
        option = option_of(field)
        if option.positional:
            yield FieldArgument(name, field, option)
        else:
            yield FieldOption(name, field, option)


def _default_text(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if field.is_required():
        return "none, required"
    if default is None:
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return str(default.value if isinstance(default, enum.Enum) else default)


def _metavar(kind: Any) -> str:  # Any: an annotation may be a class or a typing construct
    if get_origin(kind) is Literal:
        return "|".join(str(choice) for choice in get_args(kind))
    if isinstance(kind, type):
        if issubclass(kind, enum.Enum):
            return "|".join(str(member.value) for member in kind)
        if issubclass(kind, Path):
            return "PATH"
        if issubclass(kind, int | float):
            return "N"
    return "TEXT"


def _without_none(annotation: Any) -> Any:  # Any: see _metavar
    if get_origin(annotation) in {Union, types.UnionType}:
        parts = [part for part in get_args(annotation) if part is not type(None)]
        if len(parts) == 1:
            return parts[0]
    return annotation
