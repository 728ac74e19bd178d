"""Debian's Prometheus on the real switch while SIPp calls: every figure is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.town import GERMANY, PASSWORD, Town
from tests.support.prometheus import (
    PrometheusProcess,
    dashboard_queries,
    needs_prometheus,
    rule_queries,
    without_data,
)
from tests.support.sipp import needs_sipp

CALLS = 30
NEEDS_TLS = "freiton_certificate_days"
"""Shown where there is a listener with a certificate."""

CALLERS = f"SEQUENTIAL\nbob;[authentication username=bob password={PASSWORD}];{GERMANY}\n"


@needs_sipp
@needs_prometheus
@pytest.mark.sipp
def test_every_query_has_data_while_calls_run(town: Town, tmp_path: Path) -> None:
    target = f"127.0.0.1:{town.switch.http_port}"
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with PrometheusProcess(folder, target=target) as prometheus:
        prometheus.wait_for_scrapes(2)
        town.register("alice", "carol-desk")
        carrier = town.answer("load/uas-answer.xml", "north", calls=CALLS, timeout_s=40)
        callers = town.start(
            "load/uac-call.xml", "bob", csv=CALLERS, calls=CALLS, rate=5, pause_ms=1500,
            timeout_s=40,
        )  # fmt: skip
        prometheus.wait_for('sum(freiton_calls{state="answered"}) > 0')
        prometheus.wait_for("sum(freiton_running_cost_euros) > 0")
        callers.expect_success()
        carrier.expect_success()
        prometheus.wait_for(f'sum(freiton_calls_ended_total{{result="answered"}}) == {CALLS}')

        assert without_data(prometheus, dashboard_queries()) == []
        rules = [
            (name, query) for name, query in rule_queries(prometheus) if NEEDS_TLS not in query
        ]
        assert without_data(prometheus, rules) == []
        assert prometheus.query("sum(freiton_charged_euros_total)") == [
            pytest.approx(CALLS * 0.000967)
        ]
        firing = prometheus.firing()
    assert firing == set()
