"""Profile monitoring: Prometheus sees the relay, and its rules have something to say."""

import math
from typing import Any, Final

import httpx
import pytest
from compose_project import ComposeProject
from docker_command import docker
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180, func_only=True)]

BYSTANDERS = ("bystander-1", "bystander-2", "bystander-3", "player-1", "player-2")
SCRAPED_LIMIT = 30.0
EVERY_RULE_LIMIT = 60.0
LOAD_SECONDS = 45
ENOUGH_FORWARDED = 50.0
"""Datagrams a second: an idle room has none, the load has 800 frames."""
DOWN: Final = "SoftlanRelayDown"
FORWARDED: Final = "instance:softlan_relay_forwarded_datagrams:rate30s"


class Prometheus:
    """The HTTP API of Prometheus on its published port."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/"

    def ask(self, what: str, **parameters: str) -> Any:
        """Return the data of an answer; None while Prometheus doesn't answer yet."""
        try:
            answer = httpx.get(self._url + what, params=parameters, trust_env=False)
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        return answer.raise_for_status().json()["data"]

    def values(self, expression: str) -> list[float]:
        """Return what an expression is now, once for each series."""
        return [float(one["value"][1]) for one in self.ask("query", query=expression)["result"]]

    def rules(self, kind: str) -> list[dict[str, Any]]:
        """Return the `recording` or `alerting` rules as they are loaded."""
        groups = self.ask("rules")["groups"]
        return [rule for group in groups for rule in group["rules"] if rule["type"] == kind]


@pytest.fixture(scope="module")
def prometheus(compose: ComposeProject) -> Prometheus:
    compose.up_healthy("prometheus", *BYSTANDERS)
    prometheus = Prometheus(compose.prometheus_port)

    def is_up() -> bool:
        targets = prometheus.ask("targets")
        return bool(targets) and [target["health"] for target in targets["activeTargets"]] == ["up"]

    wait_until(is_up, "Prometheus reports its only target up", limit=SCRAPED_LIMIT)
    return prometheus


@pytest.fixture
def load(compose: ComposeProject, prometheus: Prometheus) -> str:
    """Players who send each other frames for a while; the id of their container."""
    trust = ("--relay=relay:443", "--pin-file=/run/softlan/pin")
    room = ("--room=LOAD", "--create", "--players=4")
    run = ("run", "--detach", "--no-deps", "e2e", "load", *trust, *room)
    return compose.compose(*run, f"--seconds={LOAD_SECONDS}").stdout.split()[-1]


def test_the_target_is_the_relay_and_its_page_is_read_without_error(
    prometheus: Prometheus,
) -> None:
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert target["labels"]["job"] == "softlan-relay"
    assert target["lastError"] == ""
    assert prometheus.values("softlan_relay_rooms") == [1.0]


def test_every_rule_is_loaded_and_evaluated_without_error(
    compose: ComposeProject, prometheus: Prometheus
) -> None:
    def evaluated() -> bool:
        rules = prometheus.rules("recording") + prometheus.rules("alerting")
        return all(rule["health"] != "unknown" for rule in rules)

    wait_until(evaluated, "every rule was evaluated", limit=SCRAPED_LIMIT)
    recording, alerting = prometheus.rules("recording"), prometheus.rules("alerting")
    assert recording
    assert DOWN in {rule["name"] for rule in alerting}
    for rule in recording + alerting:
        assert rule["health"] == "ok", rule
        assert not rule.get("lastError"), rule
    folder = "/etc/prometheus/rules"
    shipped = compose.execute("prometheus", "ls", folder).split()
    loaded = {group["file"] for group in prometheus.ask("rules")["groups"]}
    assert loaded == {f"{folder}/{name}" for name in shipped}


def test_every_recorded_expression_has_data_while_players_play(
    compose: ComposeProject, prometheus: Prometheus, load: str
) -> None:
    compose.up("lan-host", "e2e-gateway")
    scenario = compose.compose("run", "--rm", "--no-deps", "--no-TTY", "e2e", check=False)
    assert scenario.returncode == 0, scenario.stdout
    names = {rule["name"] for rule in prometheus.rules("recording")}
    seen: dict[str, list[float]] = {}

    def all_have_data() -> bool:
        assert docker("inspect", "--format={{.State.Running}}", load).stdout == "true\n", (
            f"the load is over, and no data was seen of {sorted(names - seen.keys())}"
        )
        for name in names:
            values = prometheus.values(name)
            assert not any(map(math.isnan, values)), name
            if values:
                seen[name] = values
        return seen.keys() == names and max(seen[FORWARDED]) > ENOUGH_FORWARDED

    wait_until(all_have_data, "every recorded expression has data", limit=EVERY_RULE_LIMIT, pause=1)
    docker("stop", load)


def test_no_alert_fires_at_a_relay_that_is_well(prometheus: Prometheus) -> None:
    alerts = prometheus.ask("alerts")["alerts"]
    assert not [alert for alert in alerts if alert["state"] == "firing"]
    assert DOWN not in {alert["labels"]["alertname"] for alert in alerts}


def test_a_relay_that_is_gone_is_noticed(compose: ComposeProject, prometheus: Prometheus) -> None:
    compose.compose("stop", "relay")

    def noticed() -> bool:
        alerts = prometheus.ask("alerts")["alerts"]
        return DOWN in {alert["labels"]["alertname"] for alert in alerts}

    try:
        wait_until(noticed, f"{DOWN} is pending", limit=SCRAPED_LIMIT)
    finally:
        compose.up_healthy()
