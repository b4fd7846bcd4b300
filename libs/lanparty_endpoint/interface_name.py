"""The name of a network interface, judged as the kernel does."""

from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator

__all__ = ["InterfaceName"]

_KERNELS_OWN: Final = frozenset({".", "..", "all", "default", "lo"})
"""Names in /proc/sys/net that mean something else than one interface of ours."""


def _interface_name(text: str) -> str:
    """Judge a name as the kernel does (dev_valid_name), and refuse its patterns and aliases."""
    if text in _KERNELS_OWN:
        raise ValueError(f"{text!r} leads to no network of others: name another interface")
    fits = 0 < len(text) <= 15 and text.isascii()
    if not fits or not text.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ValueError(
            f"{text!r} can't be an interface's name: write up to 15 letters, digits, '-', '_' "
            "and '.'"
        )
    return text


InterfaceName: TypeAlias = Annotated[str, AfterValidator(_interface_name)]
