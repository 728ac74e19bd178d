"""The two pages over a real socket."""

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio

from freiton.metrics import Health, MetricsServer
from freiton.metrics.exporter import is_ready
from tests.freiton.metrics.sample_facts import SampleFacts

HEALTHY = Health(log_up=True, listeners_up=True, shutting_down=False)


@pytest.fixture
def facts() -> SampleFacts:
    return SampleFacts()


@pytest_asyncio.fixture
async def page_url(facts: SampleFacts) -> AsyncIterator[str]:
    server = await MetricsServer(facts, host="127.0.0.1", port=0).start()
    yield "http://{}:{}".format(*server.address)
    await server.stop()


async def test_metrics_speak_the_format_that_was_asked_for(page_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(page_url + "/metrics") as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/plain; version=")
            assert "\nfreiton_slots_in_use 19.0\n" in await response.text()
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        async with session.get(page_url + "/metrics", headers=accept) as response:
            assert response.headers["Content-Type"].startswith("application/openmetrics-text")
            assert (await response.text()).endswith("# EOF\n")


@pytest.mark.parametrize(
    "broken", [{"log_up": False}, {"listeners_up": False}, {"shutting_down": True}]
)
async def test_health_says_503_and_why(
    page_url: str, facts: SampleFacts, broken: dict[str, bool]
) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(page_url + "/health") as response:
            assert response.status == 200
            assert (await response.json())["ready"] is True
        facts.health_now = replace(HEALTHY, **broken)
        async with session.get(page_url + "/health") as response:
            page = await response.json()
            assert response.status == 503
    assert page == {
        "status": "unready",
        "live": True,
        "ready": False,
        "charging_log_up": broken.get("log_up", True),
        "listeners_up": broken.get("listeners_up", True),
        "shutting_down": broken.get("shutting_down", False),
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/metrics/..", 404),
        ("GET", "/static/secret", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/health", 405),
        ("HEAD", "/health", 200),
    ],
)
async def test_there_is_nothing_else(page_url: str, method: str, path: str, status: int) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, page_url + path) as response,
    ):
        assert response.status == status


async def test_a_taken_port_is_an_error_and_a_stopped_server_frees_it(facts: SampleFacts) -> None:
    first = await MetricsServer(facts, host="127.0.0.1", port=0).start()
    host, port = first.address
    with pytest.raises(OSError, match="address already in use"):
        await MetricsServer(facts, host=host, port=port).start()
    await first.stop()
    again = await MetricsServer(facts, host=host, port=port).start()
    await again.stop()


def test_ready_means_that_calls_can_be_charged() -> None:
    assert is_ready(HEALTHY)
    assert not is_ready(replace(HEALTHY, log_up=False))
