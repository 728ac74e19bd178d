"""What stands on the page: names, labels and values, as the exposition format has them."""

import re
import time

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from freiton.calls.call_reports import UNROUTED
from freiton.metrics.collector import make_registry
from freiton.metrics.facts import CALL_KINDS, CALL_RESULTS
from freiton.routing.decision import CallKind
from tests.freiton.metrics.sample_facts import SampleFacts

Sample = tuple[str, frozenset[tuple[str, str]]]


def scrape(facts: SampleFacts) -> dict[Sample, float]:
    page = generate_latest(make_registry(facts)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_values_arrive_with_their_units() -> None:
    samples = scrape(SampleFacts())
    for name, labels, value in (
        ("freiton_calls", {"state": "answered"}, 17),
        ("freiton_calls_ended_total", {"kind": "outbound", "result": "answered"}, 910),
        ("freiton_charged_euros_total", {}, 123.475789),
        ("freiton_running_cost_euros", {}, 2.5),
        ("freiton_talk_seconds_total", {}, 86_460),
        ("freiton_refusals_total", {"cause": "flatrate-limit"}, 10),
        ("freiton_sip_requests_total", {"direction": "in", "method": "INVITE"}, 120),
        (
            "freiton_sip_responses_total",
            {"direction": "out", "status": "486", "status_class": "4xx"},
            51,
        ),
        ("freiton_charging_log_up", {}, 1),
        ("freiton_charging_log_events_total", {}, 4_002),
        ("freiton_charging_log_acknowledgement_seconds_bucket", {"le": "0.0025"}, 0),
        ("freiton_charging_log_acknowledgement_seconds_bucket", {"le": "0.005"}, 1),
        ("freiton_charging_log_acknowledgement_seconds_sum", {}, 0.0027),
        ("freiton_trunk_registered", {"trunk": "south"}, 0),
        ("freiton_trunk_answering", {"trunk": "south"}, 0),
        ("freiton_trunk_addresses", {"trunk": "north"}, 4),
        ("freiton_trunk_addresses_failed", {"trunk": "north"}, 1),
        ("freiton_trunk_withheld_percent", {"trunk": "north"}, 20),
        ("freiton_name_questions_total", {}, 7),
        ("freiton_name_questions_unanswered_total", {}, 2),
        ("freiton_udp_drops_total", {"listener": "udp"}, 3),
        ("freiton_connections_cut_total", {"cause": "limit"}, 5),
        ("freiton_connections_cut_total", {"cause": "unopened"}, 2),
    ):
        assert samples[name, frozenset(labels.items())] == pytest.approx(value), name


def test_what_never_happened_stands_there_as_zero() -> None:
    """Without a zero the first event of a kind would be no increase to Prometheus."""
    samples = scrape(SampleFacts())
    for kind in CALL_KINDS:
        for result in CALL_RESULTS:
            labels = frozenset({"kind": kind, "result": result}.items())
            assert ("freiton_calls_ended_total", labels) in samples
    assert samples["freiton_refusals_total", frozenset({("cause", "log-down")})] == 0


def test_each_scrape_reads_anew() -> None:
    facts = SampleFacts()
    registry = make_registry(facts)
    labels = {"cause": "flatrate-limit"}
    first = registry.get_sample_value("freiton_refusals_total", labels)
    second = registry.get_sample_value("freiton_refusals_total", labels)
    assert first is not None
    assert second == first + 1


def test_names_follow_the_conventions_and_labels_are_few() -> None:
    page = generate_latest(make_registry(SampleFacts())).decode()
    labels_allowed = {
        "cause", "direction", "event", "generation", "implementation", "kind", "le", "listener",
        "major", "method", "minor", "patchlevel", "priority", "result", "state", "status",
        "status_class", "transport", "trunk", "version",
    }  # fmt: skip
    for family in text_string_to_metric_families(page):
        assert re.fullmatch(r"(freiton|process|python)_[a-z_]+", family.name)
        assert family.documentation
        for sample in family.samples:
            assert set(sample.labels) <= labels_allowed
            if family.name.startswith("freiton_") and family.type == "counter":
                assert sample.name.endswith("_total")


def test_the_kinds_of_calls_are_those_of_routing() -> None:
    assert set(CALL_KINDS) == {kind.value for kind in CallKind} | {UNROUTED}


def test_registries_share_nothing() -> None:
    one, other = SampleFacts(), SampleFacts()
    registry = make_registry(one)
    make_registry(other)
    assert registry.get_sample_value("freiton_emergency_path_up") == 1
    one.emergency_path_up = False
    assert registry.get_sample_value("freiton_emergency_path_up") == 0


def test_a_page_costs_the_loop_little() -> None:
    """The page is written on the loop: by far less than a scrape interval, even on a slow day."""
    registry = make_registry(SampleFacts())
    best = min(_page_time(registry) for _ in range(5))
    assert best < 0.1


def _page_time(registry: object) -> float:
    start = time.process_time()
    generate_latest(registry)  # type: ignore[arg-type]
    return time.process_time() - start
