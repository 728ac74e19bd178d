"""Debian's Prometheus in a process of its own, and every query that operators are shown.

`PrometheusProcess` runs the shipped configuration and alert rules against another target, with
shorter intervals; `dashboard_queries` and `rule_queries` read what the dashboard and the rules ask.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

import pytest

from tests.support.free_port import free_tcp_port

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "config" / "prometheus" / "prometheus.yml"
ALERTS = ROOT / "config" / "prometheus" / "alerts.yml"
DASHBOARDS = ROOT / "config" / "grafana" / "dashboards"

SCRAPE_S = 0.5
_START_S = 20.0
_COMPARISON = re.compile(r" (<=|>=|==|!=|<|>) ")


needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Prometheus is not installed (apt-get install prometheus)",
)


class PrometheusProcess:
    """Scrapes one exporter from `with` to its end."""

    def __init__(self, folder: Path, *, target: str) -> None:
        self._folder = folder
        self._target = target
        self._port = free_tcp_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        config = self._folder / "prometheus.yml"
        config.write_text(_config_for(self._target))
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()
        return self

    def __exit__(self, *_exception: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def query(self, expression: str) -> list[float]:
        """Return the values of the series that an instant query finds now."""
        data = self._get("/api/v1/query", query=expression)
        if data["resultType"] == "scalar":
            return [float(data["result"][1])]
        return [float(series["value"][1]) for series in data["result"]]

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule as Prometheus has loaded it, with its health."""
        groups = self._get("/api/v1/rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        alerts = self._get("/api/v1/alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def wait_for_scrapes(self, count: int, *, timeout_s: float = 30.0) -> None:
        """Wait until the target was scraped so often that rates have something to go by."""
        self.wait_for(
            f'sum(sum_over_time(up{{job="freiton"}}[5m])) >= {count}', timeout_s=timeout_s
        )

    def wait_for(self, expression: str, *, timeout_s: float = 30.0) -> None:
        """Wait until a query finds something."""
        deadline = time.monotonic() + timeout_s
        while not self.query(expression):
            assert time.monotonic() < deadline, f"never true: {expression}\n{self._log_tail()}"
            time.sleep(0.1)

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_S
        while True:
            try:
                with urllib.request.urlopen(self._url("/-/ready"), timeout=2):  # noqa: S310  # http
                    return
            except (urllib.error.URLError, ConnectionError):
                assert self._process.poll() is None, self._log_tail()
                assert time.monotonic() < deadline, self._log_tail()
                time.sleep(0.1)

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        url = self._url(path) + "?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310  # http
                page = json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        data: dict[str, Any] = page["data"]
        return data

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def _log_tail(self) -> str:
        return (self._folder / "prometheus.log").read_text()[-2000:]


def without_data(
    prometheus: PrometheusProcess, queries: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the queries that find nothing; a quantile of nothing is no number either."""
    return [
        (name, expression)
        for name, expression in queries
        if all(math.isnan(value) for value in prometheus.query(expression))
    ]


def dashboard_queries() -> list[tuple[str, str]]:
    """Return (panel, PromQL) of all dashboards, with Grafana's variables filled in."""
    queries = []
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            queries += [
                (panel["title"], _filled(target["expr"])) for target in panel.get("targets", [])
            ]
    return queries


def rule_queries(prometheus: PrometheusProcess) -> list[tuple[str, str]]:
    """Return (alert, PromQL) of all rules, comparing to 0 or 1 instead of filtering.

    A rule that does not fire has no result; written this way it has one as soon as there is data.
    """
    return [
        (rule["name"], _COMPARISON.sub(r" \1 bool ", rule["query"])) for rule in prometheus.rules()
    ]


def _filled(expression: str) -> str:
    return expression.replace("$__rate_interval", "1m").replace("$instance", ".*")


def _config_for(target: str) -> str:
    text = CONFIG.read_text()
    for shipped, ours in (
        ('"127.0.0.1:8080"', f'"{target}"'),
        ("- alerts.yml", f"- {ALERTS}"),
        ("scrape_interval: 5s", f"scrape_interval: {SCRAPE_S * 1000:.0f}ms"),
        ("scrape_timeout: 4s", f"scrape_timeout: {SCRAPE_S * 1000:.0f}ms"),
        ("evaluation_interval: 5s", "evaluation_interval: 500ms"),
    ):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, ours)
    return text
