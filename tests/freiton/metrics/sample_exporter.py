"""The real exporter over sample facts, in a process of its own: prints where it listens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from freiton.metrics import MetricsServer
from tests.freiton.metrics.sample_facts import SampleFacts


@contextmanager
def sample_exporter() -> Iterator[str]:
    """Run it; gives `host:port`."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.communicate()  # closes its stdin: the sign to stop


async def _serve() -> None:
    server = await MetricsServer(SampleFacts(), host="127.0.0.1", port=0).start()
    print("{}:{}".format(*server.address), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(_serve())
