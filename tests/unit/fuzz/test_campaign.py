"""What is made of a fuzzer's process: its log, its memory, its end."""

import os
from pathlib import Path

import pytest
from campaign import FLAT_WITHIN, Report, Run, Verdict, growth, read_log
from record import lines
from run import UNRECORDED, main, options, recorded, table

LOG = """INFO: Seed: 1
#2	INITED cov: 7 ft: 7 corp: 1/1b exec/s: 0 rss: 59Mb
#65536	pulse  cov: 76 ft: 129 corp: 36/1072b lim: 544 exec/s: 21845 rss: 59Mb
#239060	DONE   cov: 77 ft: 129 corp: 36/1034b lim: 2171 exec/s: 14941 rss: 59Mb
Done 239060 runs in 16 second(s)
"""


def report(**changes: object) -> Report:
    fields: dict[str, object] = {
        "target": "datagrams",
        "verdict": Verdict.CLEAN,
        "inputs": 1_000_000,
        "seconds": 60.0,
        "edges": 120,
        "resident_settled": 46 * 2**20,
        "resident_at_end": 47 * 2**20,
        "resident_peak": 48 * 2**20,
        "date": "2026-01-31",
        "log": LOG,
    }
    return Report(**(fields | changes))  # type: ignore[arg-type]  # one dict for all fields


def test_the_last_status_line_says_what_was_done() -> None:
    assert read_log(LOG) == (239_060, 77)


def test_a_crash_is_counted_with_the_inputs_before_it() -> None:
    assert read_log(LOG + "stat::number_of_executed_units: 239100\n") == (239_100, 77)


def test_a_log_without_a_status_line_says_that_nothing_was_done() -> None:
    assert read_log("ImportError") == (0, 0)


def test_memory_that_has_settled_does_not_grow() -> None:
    samples = [10, 20, 30, 40, *[50] * 36]
    assert growth(samples) == (50, 50)


def test_memory_that_goes_on_growing_is_seen() -> None:
    settled, at_end = growth(list(range(100)))
    assert at_end - settled > 60


def test_no_samples_say_nothing() -> None:
    assert growth([]) == (0, 0)
    assert growth([7]) == (7, 7)


def ended(tmp_path: Path, script: str, samples: list[int] | None = None) -> Report:
    """Run a script in the fuzzer's place, and report on it."""
    interpreter = tmp_path / "interpreter"
    interpreter.write_text(f"#!/bin/sh\n{script}\n")
    interpreter.chmod(0o755)
    run = Run("datagrams", None, 1, tmp_path / "work", tmp_path / "crashes" / "datagrams")
    run.start(interpreter=str(interpreter))
    assert run.process is not None
    run.process.wait()
    assert not run.look()
    run.samples = samples or []
    return run.report()


def test_a_run_to_the_end_is_clean_and_leaves_no_folder_for_crashes(tmp_path: Path) -> None:
    found = ended(tmp_path, "echo '#5 DONE cov: 3 ft: 4 corp: 1/1b'")
    assert (found.verdict, found.inputs, found.edges) == (Verdict.CLEAN, 5, 3)
    assert not (tmp_path / "crashes" / "datagrams").exists()


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("echo 'artifact_prefix=x; Test unit written to x/crash-1'; exit 77", Verdict.CRASH),
        (
            "echo 'ERROR: libFuzzer: timeout'; echo 'Test unit written to x/timeout-1'; exit 70",
            Verdict.HANG,
        ),
        ("echo '==1== ERROR: libFuzzer: out-of-memory (used: 1025Mb)'; exit 71", Verdict.GROWS),
        ("echo ImportError; exit 1", Verdict.BROKEN),
    ],
)
def test_each_end_has_its_verdict(tmp_path: Path, script: str, verdict: Verdict) -> None:
    assert ended(tmp_path, script).verdict is verdict


def test_memory_over_the_bound_is_a_finding(tmp_path: Path) -> None:
    samples = [100 * FLAT_WITHIN] * 10 + [102 * FLAT_WITHIN] * 10
    assert ended(tmp_path, "true", samples).verdict is Verdict.GROWS


def test_memory_counts_once_the_seeds_are_read(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    interpreter = tmp_path / "interpreter"
    interpreter.write_text(f"#!/bin/sh\nread go < {gate}\nprintf '#2\\tINITED cov: 1\\n'\n")
    interpreter.write_text(interpreter.read_text() + f"read go < {gate}\n")
    interpreter.chmod(0o755)
    run = Run("datagrams", 600, None, tmp_path / "work", tmp_path / "crashes")
    run.start(interpreter=str(interpreter))
    assert run.look()
    assert not run.samples
    gate.write_text("go\n")
    while not run.samples:
        assert run.look()
    gate.write_text("go\n")
    assert run.process is not None
    run.process.wait()


def test_a_run_that_is_stopped_leaves_no_process(tmp_path: Path) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    run = Run("datagrams", 600, None, tmp_path / "work", tmp_path / "crashes")
    run.start(interpreter=str(sleeper))
    run.stop()
    assert run.process is not None
    assert run.process.returncode is not None


def test_the_table_has_a_line_for_each_target() -> None:
    head, line = table([report()])
    assert head.split()[:3] == ["target", "inputs", "inputs/s"]
    assert line.split() == [
        "datagrams",
        "1,000,000",
        "16,667",
        "120",
        "46",
        "MiB",
        "47",
        "MiB",
        "clean",
    ]


def test_recorded_runs_of_other_targets_stay() -> None:
    written = recorded([report()], {"ethernet": {"inputs": 1}, "datagrams": {"inputs": 2}})
    assert written["ethernet"] == {"inputs": 1}
    found = written["datagrams"]
    assert isinstance(found, dict)
    assert found["inputs"] == 1_000_000
    assert not set(UNRECORDED) & found.keys()


def test_the_page_shows_recorded_runs() -> None:
    written = recorded([report()], {})
    (*_, line) = lines(written)  # type: ignore[arg-type]  # as it is read from JSON
    assert line.startswith("| `datagrams` | ")
    assert line.endswith("| 1,000,000 | 1 min | 120 | 46 / 47 MiB | clean | 2026-01-31 |")


def test_without_a_bound_a_target_gets_a_minute() -> None:
    assert options([]).seconds == 60
    chosen = options(["--runs", "5"])
    assert (chosen.seconds, chosen.runs) == (None, 5)


def test_a_target_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended_with:
        main(["nonsense"])
    assert ended_with.value.code == 2
    assert "there is no target nonsense" in capsys.readouterr().err
