"""Debian's Prometheus with the shipped configuration, on the real exporter."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from freiton.routing.refusals import RefusalCause
from tests.freiton.metrics.sample_exporter import sample_exporter
from tests.support.prometheus import (
    ALERTS,
    CONFIG,
    DASHBOARDS,
    ROOT,
    PrometheusProcess,
    dashboard_queries,
    needs_prometheus,
    rule_queries,
    without_data,
)

DASHBOARD: dict[str, Any] = json.loads((DASHBOARDS / "freiton.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusProcess]:
    with (
        sample_exporter() as target,
        PrometheusProcess(tmp_path_factory.mktemp("prometheus"), target=target) as process,
    ):
        process.wait_for_scrapes(6)
        yield process


def promtool(*arguments: str) -> None:
    result = subprocess.run(
        ["promtool", *arguments], cwd=CONFIG.parent, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@needs_prometheus
def test_promtool_finds_no_fault() -> None:
    promtool("check", "config", CONFIG.name)
    promtool("check", "rules", ALERTS.name)


@needs_prometheus
def test_each_alert_fires_at_its_time_and_not_before() -> None:
    promtool("test", "rules", "alerts.test.yml")


def test_each_alert_has_its_test_and_its_runbook() -> None:
    names = re.findall(r"- alert: (\w+)", ALERTS.read_text())
    assert len(names) == len(set(names)) >= 15
    tested = (ALERTS.parent / "alerts.test.yml").read_text()
    runbooks = (ROOT / "docs" / "howto" / "monitor.md").read_text()
    for name in names:
        assert f'alertname="{name}", alertstate="firing", ' in tested, name
        assert f"\n### {name}\n" in runbooks, name
        assert f"runbook: docs/howto/monitor.md#{name.lower()}\n" in ALERTS.read_text(), name


def test_alerts_name_causes_that_exist() -> None:
    named = re.findall(r'cause="([^"]+)"', ALERTS.read_text())
    assert len(named) >= 2
    for cause in named:
        RefusalCause(cause)


@needs_prometheus
def test_every_dashboard_query_has_data(prometheus: PrometheusProcess) -> None:
    queries = dashboard_queries()
    assert len(queries) >= 40
    assert without_data(prometheus, queries) == []


@needs_prometheus
def test_every_alert_rule_has_data(prometheus: PrometheusProcess) -> None:
    assert {rule["health"] for rule in prometheus.rules()} == {"ok"}
    queries = rule_queries(prometheus)
    assert len(queries) == ALERTS.read_text().count("- alert: ")
    assert without_data(prometheus, queries) == []


@needs_prometheus
def test_the_switch_variable_finds_the_switch(prometheus: PrometheusProcess) -> None:
    """`label_values(metric, instance)` of the dashboard asks for just this."""
    variable = next(one for one in DASHBOARD["templating"]["list"] if one["name"] == "instance")
    match = re.fullmatch(r"label_values\((\w+), instance\)", variable["query"])
    assert match
    assert prometheus.query(f"count by (instance) ({match[1]})") == [1.0]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel['id']} {panel['title']}")
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    if panel["type"] == "row":
        return
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        assert "$instance" in target["expr"]
    letters = [target["refId"] for target in panel["targets"]]
    assert len(set(letters)) == len(letters) >= 1


def test_panels_lie_beside_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
    for one, other in combinations((panel["gridPos"] for panel in PANELS), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_every_exported_metric_is_looked_at() -> None:
    """A figure that nobody sees is a figure that nobody needs."""
    shown = "".join(query for _, query in dashboard_queries()) + ALERTS.read_text()
    source = (ROOT / "freiton" / "metrics" / "collector.py").read_text()
    for name in set(re.findall(r'"(freiton_\w+)"', source)) - {"freiton_shutting_down"}:
        assert name in shown, name


def test_grafana_is_told_where_all_of_it_is() -> None:
    provisioning = ROOT / "config" / "grafana" / "provisioning"
    assert "url: $PROMETHEUS_URL\n" in _text(provisioning / "datasources" / "prometheus.yaml")
    assert "path: $GRAFANA_DASHBOARDS\n" in _text(provisioning / "dashboards" / "freiton.yaml")
    assert DASHBOARD["uid"] == "freiton"


def _text(path: Path) -> str:
    return path.read_text()
