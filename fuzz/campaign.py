"""Fuzzes targets in processes of their own, watches their memory, and says how each ended."""

import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

__all__ = ["FLAT_WITHIN", "Campaign", "Report", "Verdict", "growth", "read_log"]

_HERE: Final = Path(__file__).parent

INPUT_SECONDS: Final = 10
"""An input that takes longer is a hang: the slowest of sound ones take a tenth of a second."""

RESIDENT_LIMIT_MB: Final = 1024
"""libFuzzer ends a process that grows beyond it, before the machine has to."""

FLAT_WITHIN: Final = 32 * 2**20
"""Bytes that resident memory may grow once it has settled: the fuzzer's own corpus and half-open
handshakes come and go."""

_SETTLED_SHARE: Final = 0.25
"""Of a run: tables and caches are filled by then."""

_LOOK_SECONDS: Final = 0.25
_GRACE_SECONDS: Final = 60.0
"""Beyond its time a process is killed: the fuzzer itself hangs."""

_STATUS: Final = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+)", re.MULTILINE)
_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)


class Verdict(StrEnum):
    """How a target's run ended."""

    CLEAN = "clean"
    CRASH = "crash"
    """An invariant didn't hold, or something else escaped: the input is in fuzz/crashes."""
    HANG = "hang"
    GROWS = "memory grows"
    BROKEN = "broken"
    """The fuzzer didn't run to its end for a reason of its own: see the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One target's run."""

    target: str
    verdict: Verdict
    inputs: int
    seconds: float
    edges: int
    """Places in softlan's and the engine's code that were reached, as atheris counts them."""
    resident_settled: int
    """Bytes, after a quarter of the run."""
    resident_at_end: int
    resident_peak: int
    date: str
    """When it ended."""
    log: str

    @property
    def rate(self) -> float:
        """Inputs a second."""
        return self.inputs / self.seconds if self.seconds else 0.0


def growth(samples: Sequence[int]) -> tuple[int, int]:
    """Return resident bytes once they had settled, and at the end.

    Each is the median of a tenth of the samples, so that one moment decides nothing.
    """
    if not samples:
        return 0, 0
    some = max(1, len(samples) // 10)
    first = min(int(len(samples) * _SETTLED_SHARE), len(samples) - some)
    settled = sorted(samples[first : first + some])
    last = sorted(samples[-some:])
    return settled[some // 2], last[some // 2]


def read_log(log: str) -> tuple[int, int]:
    """Return how many inputs libFuzzer gave, and the edges that it counted last."""
    found = _STATUS.findall(log)
    inputs, edges = map(int, found[-1]) if found else (0, 0)
    done = _EXECUTED.search(log)  # said at the end, also after a crash
    return int(done[1]) if done else inputs, edges


@dataclass(slots=True)
class Run:
    """A process that fuzzes one target."""

    name: str
    seconds: int | None
    runs: int | None
    work: Path
    """The corpus that grows, and the log."""
    crashes: Path
    samples: list[int] = field(default_factory=list)
    process: "subprocess.Popen[bytes] | None" = None
    began_at: float = 0.0
    ended_at: float = 0.0
    overdue: bool = False
    has_begun: bool = False
    """Its modules are imported and its seeds read: memory counts from here on."""

    @property
    def log_path(self) -> Path:
        return self.work / f"{self.name}.log"

    def start(self, *, interpreter: str = sys.executable) -> None:
        corpus = self.work / self.name
        corpus.mkdir(parents=True, exist_ok=True)
        self.crashes.mkdir(parents=True, exist_ok=True)
        seeds = _HERE / "corpus" / self.name
        command = [
            *(interpreter, str(_HERE / "one_target.py"), self.name, str(self.crashes)),
            *(f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={RESIDENT_LIMIT_MB}"),
            *("-len_control=20", "-reload=0", "-print_final_stats=1"),
            *([f"-max_total_time={self.seconds}"] if self.seconds else []),
            *([f"-runs={self.runs}"] if self.runs else []),
            *(str(folder) for folder in (corpus, seeds) if folder.is_dir()),
        ]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self.began_at = time.monotonic()

    def look(self) -> bool:
        """Note the memory; False once the process has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.ended_at = time.monotonic()
            return False
        self.has_begun = self.has_begun or b"\tINITED" in self.log_path.read_bytes()
        try:
            statm = Path(f"/proc/{self.process.pid}/statm").read_text()
        except OSError:
            return True
        fields = statm.split()
        if self.has_begun and fields:
            self.samples.append(int(fields[1]) * resource.getpagesize())
        limit = None if self.seconds is None else self.seconds + _GRACE_SECONDS
        if limit is not None and time.monotonic() - self.began_at > limit:
            self.overdue = True
            self.process.kill()
        return True

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._tidy()

    def report(self) -> Report:
        assert self.process is not None
        log = self.log_path.read_text(errors="replace")
        inputs, edges = read_log(log)
        settled, at_end = growth(self.samples)
        self._tidy()
        return Report(
            target=self.name,
            verdict=self._verdict(log, at_end - settled),
            inputs=inputs,
            seconds=self.ended_at - self.began_at,
            edges=edges,
            resident_settled=settled,
            resident_at_end=at_end,
            resident_peak=max(self.samples, default=0),
            date=time.strftime("%Y-%m-%d", time.gmtime()),
            log=log,
        )

    def _tidy(self) -> None:
        if not any(self.crashes.iterdir()):
            self.crashes.rmdir()

    def _verdict(self, log: str, grown: int) -> Verdict:
        assert self.process is not None
        if self.overdue or "ERROR: libFuzzer: timeout" in log:
            return Verdict.HANG
        if "ERROR: libFuzzer: out-of-memory" in log:
            return Verdict.GROWS
        if "Test unit written to" in log:
            return Verdict.CRASH
        if self.process.returncode:
            return Verdict.BROKEN
        return Verdict.GROWS if grown > FLAT_WITHIN else Verdict.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Targets to fuzz, each for so long or so many inputs, whichever ends first."""

    targets: Sequence[str]
    seconds: int | None
    runs: int | None
    jobs: int
    """At once."""
    work: Path
    crashes: Path

    def reports(self) -> Iterator[Report]:
        """Fuzz all; yield each report as its run ends."""
        waiting = [
            Run(name, self.seconds, self.runs, self.work, self.crashes / name)
            for name in self.targets
        ]
        running: list[Run] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    running.append(waiting.pop(0))
                    running[-1].start()
                time.sleep(_LOOK_SECONDS)
                ended = [run for run in running if not run.look()]
                running = [run for run in running if run not in ended]
                for run in ended:
                    yield run.report()
        finally:
            for run in running:
                run.stop()
