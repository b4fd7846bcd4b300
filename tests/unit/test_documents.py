"""The documents say what the code says."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lanparty_command import environment_variable
from lanparty_gateway.settings import GatewaySettings
from lanparty_relay.settings import RelaySettings

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
OPERATIONS = ROOT / "docs/operations.md"
GATEWAY = ROOT / "docs/gateway.md"
ALERTS = ROOT / "docker/prometheus/rules/alerts.yml"


def test_the_rendered_parts_of_the_protocol_page_are_up_to_date() -> None:
    check = subprocess.run([sys.executable, ROOT / "docs/render.py", "--check"], check=False)
    assert check.returncode == 0, "run: make docs"


def without_code(page: Path) -> str:
    """Return a page's text without what is in code blocks, which has no headings and no links."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the page's headings."""
    seen: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", without_code(page), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_documents_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", without_code(page)):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def test_every_alert_has_its_section_in_the_operations_page_and_every_section_its_alert() -> None:
    linked = re.findall(r"runbook: docs/operations\.md#(\S+)", ALERTS.read_text())
    assert len(linked) == ALERTS.read_text().count("- alert: ")
    assert set(linked) == {name for name in anchors(OPERATIONS) if name.startswith("alert-")}


def compose_defaults() -> dict[str, str]:
    """Return each variable of compose.yaml with its default."""
    text = (ROOT / "compose.yaml").read_text()
    found = set(re.findall(r"\$\{(\w+)(?::-([^}]*)|:\+[^}]*)?\}", text))
    assert len(found) == len({name for name, _ in found}), "two defaults for one variable"
    return dict(found)


def examples() -> dict[str, str]:
    """Return each line of .env.example that could be set, with its value."""
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^#(\w+)=(.*)$", text, re.MULTILINE))


def test_the_example_of_settings_has_every_variable_of_compose_with_its_default() -> None:
    for_compose = {k: v for k, v in examples().items() if not k.startswith("LANPARTY_")}
    assert for_compose == compose_defaults()


def test_the_example_of_settings_has_variables_of_the_relay_with_their_defaults() -> None:
    for_relay = {k: v for k, v in examples().items() if k.startswith("LANPARTY_") and v}
    fields = RelaySettings.model_fields.items()
    defaults = {environment_variable(name): str(field.default) for name, field in fields}
    assert for_relay
    assert for_relay.items() <= defaults.items()


def test_the_example_of_settings_leaves_open_what_a_gateway_must_be_told() -> None:
    for_gateway = {k for k, v in examples().items() if k.startswith("LANPARTY_") and not v}
    assert for_gateway
    assert for_gateway <= set(map(environment_variable, GatewaySettings.model_fields))


def test_the_gateways_page_names_options_and_variables_that_exist() -> None:
    named = set(re.findall(r"\bLANPARTY_[A-Z0-9_]+\b", GATEWAY.read_text()))
    assert named <= set(map(environment_variable, GatewaySettings.model_fields))
    crossing = GATEWAY.read_text().partition("## What may cross")[2].partition("\n## ")[0]
    options = re.findall(r"^\| `--([a-z0-9-]+)", crossing, re.MULTILINE)
    assert len(options) == 6
    assert {option.replace("-", "_") for option in options} <= GatewaySettings.model_fields.keys()


def test_the_operations_page_names_variables_that_exist() -> None:
    known = {environment_variable(name) for name in RelaySettings.model_fields}
    known |= compose_defaults().keys()
    named = set(re.findall(r"\b(?:LANPARTY|SOFTLAN)_[A-Z_]+\b", OPERATIONS.read_text()))
    assert named <= known
