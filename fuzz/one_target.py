"""The process that fuzzes one target with atheris: libFuzzer's options follow the target's name.

    python fuzz/one_target.py NAME CRASHES [libFuzzer's options and corpus folders]

Modules are instrumented as they are imported, so nothing of softlan is imported before that.
"""

import hashlib
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

import atheris
from target import Feed, Target, chain

INSTRUMENTED: Final = (
    *("lanparty_client", "lanparty_client_core", "lanparty_ctrl", "lanparty_endpoint"),
    *("lanparty_ethernet", "lanparty_gateway", "lanparty_proto", "lanparty_quic"),
    *("lanparty_relay", "aioquic.quic", "aioquic.tls", "json"),
)


class Remembering:
    """Feeds a target's subjects, and saves what one was given if the last of it breaks it."""

    def __init__(self, target: Target, crashes: Path) -> None:
        self._target: Final = target
        self._crashes: Final = crashes
        self._given: list[bytes] = []
        self._feed: Feed = target.begin()

    def __call__(self, data: bytes) -> None:
        """Take one input of the fuzzer."""
        limit = self._target.inputs_for_one_subject
        if limit and len(self._given) >= limit:
            self._given.clear()
            self._feed = self._target.begin()
        if limit:
            self._given.append(data)
        try:
            self._feed(data)
        except BaseException:
            if limit != 1:
                self._save()
            raise

    def _save(self) -> None:
        recorded = chain(self._given)
        name = f"chain-{hashlib.sha256(recorded).hexdigest()[:16]}"
        self._crashes.mkdir(parents=True, exist_ok=True)
        (self._crashes / name).write_bytes(recorded)


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    program, name, crashes, *options = arguments
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        target: Target = import_module(f"targets.{name}").TARGET
    take: Callable[[bytes], None] = Remembering(target, Path(crashes))
    options += [f"-max_len={target.largest_input}", f"-artifact_prefix={crashes}/"]
    atheris.Setup([program, *options], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
