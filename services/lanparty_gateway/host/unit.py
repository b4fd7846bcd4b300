"""The systemd unit by which the bridge is there again after a restart, as a text; pure."""

from collections.abc import Sequence
from typing import Final

__all__ = ["UNIT_NAME", "unit_text"]

UNIT_NAME: Final = "softlan-host.service"

_UNIT: Final = """\
# Installed by `lanparty-gateway setup-host`; `lanparty-gateway setup-host --undo` removes it.
[Unit]
Description=softlan: lets players reach this computer itself
Wants=network-online.target
After=network-online.target
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={command}

[Install]
WantedBy=multi-user.target
"""


def unit_text(command: Sequence[str]) -> str:
    """Return the unit's text; `command` is what sets up the bridge, by its absolute path."""
    return _UNIT.format(command=" ".join(map(_quoted, command)))


def _quoted(word: str) -> str:
    """Quote a word where systemd.service(5) would split or expand it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return (
        f'"{escaped}"'
        if any(letter.isspace() or letter in "\"'\\;" for letter in word)
        else escaped
    )
