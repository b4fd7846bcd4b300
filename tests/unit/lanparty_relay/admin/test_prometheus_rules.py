"""The rules of docker/prometheus/ are sound, and ask for nothing that a relay doesn't have."""

import re
import subprocess
from pathlib import Path
from typing import Protocol

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from lanparty_relay.admin.metrics import MetricsPage

ROOT = Path(__file__).parents[4]
CONFIGURATION = ROOT / "docker/prometheus/prometheus.yml"
RULES = sorted((ROOT / "docker/prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "docker/prometheus/rules/tests").glob("*.yml"))

RECORDED = re.compile(r"\b[a-z_]+:softlan_[a-z_]+:[a-z0-9_]+\b")
METRIC = re.compile(r"(?<![\w:])softlan_[a-z_]+(?![\w:])")
SELECTOR = re.compile(r'\b(reason|code|cast)(?:!=|=~|=)"([^"{]+)"')

every_file = pytest.mark.parametrize(
    "text",
    [
        pytest.param(path.read_text(), id=str(path.relative_to(CONFIGURATION.parent)))
        for path in [*RULES, *RULE_TESTS]
    ],
)


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    metrics: MetricsPage


async def families_of(relay: Relay) -> list[Metric]:
    return list(text_string_to_metric_families((await relay.metrics.text()).decode()))


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def rules() -> str:
    return "".join(path.read_text() for path in RULES)


def alerts() -> dict[str, str]:
    """Give the text of each alert by its name."""
    _, *texts = re.split(r"^ +- alert: ", rules(), flags=re.MULTILINE)
    return {text.split("\n", 1)[0]: text for text in texts}


def test_prometheus_takes_the_configuration_with_token_and_rules(
    promtool: str, tmp_path: Path
) -> None:
    token = tmp_path / "admin-token"
    token.write_text("correct-horse-battery")
    text = CONFIGURATION.read_text()
    for in_image, here in (
        ("/run/softlan/admin-token", token),
        ("/etc/prometheus/rules/", f"{RULES[0].parent}/"),
    ):
        assert in_image in text
        text = text.replace(in_image, str(here))
    (tmp_path / "prometheus.yml").write_text(text)
    code, output = run(promtool, "check", "config", tmp_path / "prometheus.yml")
    assert code == 0, output
    assert f"SUCCESS: {len(RULES)} rule files found" in output


def test_promtool_has_nothing_to_say_about_the_rules(promtool: str) -> None:
    code, output = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert code == 0, output


def test_the_rules_do_what_their_tests_say(promtool: str) -> None:
    code, output = run(promtool, "test", "rules", *RULE_TESTS)
    assert code == 0, output


@every_file
async def test_every_metric_is_one_that_a_relay_has(text: str, relay: Relay) -> None:
    exposed = {sample.name for family in await families_of(relay) for sample in family.samples}
    used = set(METRIC.findall(text))
    assert used
    assert used <= exposed


@every_file
async def test_every_reason_code_and_cast_is_one_that_a_relay_has(text: str, relay: Relay) -> None:
    exposed = {
        pair
        for family in await families_of(relay)
        for sample in family.samples
        for pair in sample.labels.items()
    }
    used = {
        (label, value) for label, values in SELECTOR.findall(text) for value in values.split("|")
    }
    assert used <= exposed


def test_what_is_used_of_recorded_expressions_is_recorded() -> None:
    recorded = re.findall(r"^ +- record: (\S+)$", rules(), re.MULTILINE)
    assert len(recorded) == len(set(recorded))
    assert all(RECORDED.fullmatch(name) for name in recorded)
    used = RECORDED.findall(rules() + "".join(path.read_text() for path in RULE_TESTS))
    assert set(used) <= set(recorded)


def test_every_alert_is_tested_and_says_how_bad_it_is_and_what_to_do() -> None:
    tests = "".join(path.read_text() for path in RULE_TESTS)
    assert alerts()
    for name, text in alerts().items():
        assert f'alertname="{name}"' in tests, name
        assert re.search(r"severity: (critical|warning)\n", text), name
        assert "summary: " in text, name
        assert "description: " in text, name
