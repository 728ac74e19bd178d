"""Health and metrics over HTTP: two pages, nothing else."""

from typing import Final, Self

from aiohttp import web
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from freiton.metrics.collector import make_registry
from freiton.metrics.facts import Health, SwitchFacts

_HEADERS: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_REQUEST_BYTES_MAX: Final = 1024  # no page takes a body
_SHUTDOWN_S: Final = 1.0


def make_app(facts: SwitchFacts) -> web.Application:
    """Return the application with `/metrics` and `/health`."""
    app = web.Application(client_max_size=_REQUEST_BYTES_MAX)
    pages = _Pages(facts, make_registry(facts))
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get("/health", pages.health)
    return app


class MetricsServer:
    """The application on a socket of its own."""

    def __init__(self, facts: SwitchFacts, *, host: str, port: int) -> None:
        """Prepare to listen there; port 0 lets the system choose."""
        self._runner = web.AppRunner(make_app(facts), access_log=None, shutdown_timeout=_SHUTDOWN_S)
        self._host = host
        self._port = port

    async def start(self) -> Self:
        """Listen; raises OSError when the address cannot be bound."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        return self

    async def stop(self) -> None:
        """Close the socket; a page under way gets a second."""
        await self._runner.cleanup()

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens, with the port that the system chose."""
        host, port, *_ = self._runner.addresses[0]
        return host, port


class _Pages:
    def __init__(self, facts: SwitchFacts, registry: CollectorRegistry) -> None:
        self._facts = facts
        self._registry = registry

    async def metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(
            body=encode(self._registry), headers=[*_HEADERS, ("Content-Type", content_type)]
        )

    async def health(self, _request: web.Request) -> web.Response:
        health = self._facts.health()
        ready = is_ready(health)
        page = {
            "status": "ready" if ready else "unready",
            "live": True,  # whoever can answer lives
            "ready": ready,
            "charging_log_up": health.log_up,
            "listeners_up": health.listeners_up,
            "shutting_down": health.shutting_down,
        }
        return web.json_response(page, status=200 if ready else 503, headers=_HEADERS)


def is_ready(health: Health) -> bool:
    """Return whether a load balancer should send new calls here."""
    return health.log_up and health.listeners_up and not health.shutting_down
