"""A person's mistakes in flags and variables, each as one sentence that names the option."""

from collections.abc import Collection, Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lanparty_command.options import option_of
from lanparty_command.settings import CommandSettings, environment_variable, flag

__all__ = ["sentences"]

_LONGEST_VALUE: Final = 60
"""Characters of a wrong value that are repeated to its writer."""

_WRONG_FORM: Final = "string_pattern_mismatch"

_MEANINGS: Final[Mapping[str, str]] = {
    "bool_parsing": "must be true or false, not {input}",
    "enum": "must be one of {expected}, not {input}",
    "float_parsing": "must be a number, not {input}",
    "greater_than": "must be more than {gt}, not {input}",
    "greater_than_equal": "must be at least {ge}, not {input}",
    "int_from_float": "must be a whole number, not {input}",
    "int_parsing": "must be a whole number, not {input}",
    "less_than": "must be less than {lt}, not {input}",
    "less_than_equal": "must be at most {le}, not {input}",
    "literal_error": "must be one of {expected}, not {input}",
    _WRONG_FORM: "{input} does not have the right form",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
}


def sentences(
    settings: type[CommandSettings], error: ValidationError, *, given: Collection[str]
) -> list[str]:
    """Say every mistake in `error`; `given` are the fields that came from the command line."""
    said = [_sentence(settings, detail, given) for detail in error.errors()]
    return list(dict.fromkeys(said))


def _sentence(settings: type[CommandSettings], detail: ErrorDetails, given: Collection[str]) -> str:
    if not detail["loc"]:
        return _own_words(detail)
    name = str(detail["loc"][0])
    if name not in settings.model_fields:
        return f"{name}: no such setting"
    option = option_of(settings.model_fields[name])
    shown = (option.metavar or name.upper()) if option.positional else flag(name)
    if detail["type"] == "missing":
        return f"{shown} is missing (or set {environment_variable(name)})"
    origin = shown if name in given else f"{shown} (from {environment_variable(name)})"
    form = f": write {option.form}" if option.form and detail["type"] == _WRONG_FORM else ""
    return f"{origin}: {_own_words(detail)}{form}"


def _own_words(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    meaning = _MEANINGS.get(detail["type"])
    if meaning is not None:
        shown = str(detail["input"])[:_LONGEST_VALUE]
        written = {name: _number(value) for name, value in context.items()}
        return meaning.format(**{**written, "input": repr(shown)})
    return detail["msg"].removeprefix("Value error, ")


def _number(value: object) -> object:
    """Write a bound as people do: 5 and not 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
