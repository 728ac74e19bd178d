import asyncio
import time

import uvloop

from freiton.metrics import Histogram, LoopLag


def measure_with_a_stall(stall_s: float) -> Histogram:
    """Measure a loop of the kind that the switch runs on, blocked once."""
    histogram = Histogram((0.05,))

    async def run() -> None:
        lag = LoopLag(histogram, interval_s=0.01)
        lag.start(asyncio.get_running_loop())
        await asyncio.sleep(0.03)
        time.sleep(stall_s)  # the fault that is looked for
        await asyncio.sleep(0.03)
        lag.stop()
        counted = sum(histogram.counts)
        await asyncio.sleep(0.03)
        assert sum(histogram.counts) == counted

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return histogram


def test_a_stall_is_seen_once_and_as_long_as_it_was() -> None:
    histogram = measure_with_a_stall(0.15)
    assert histogram.counts[1] >= 1
    assert histogram.total_s >= 0.13
