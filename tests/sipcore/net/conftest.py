"""Every test of the sockets runs on both loops: uvloop, which serves, and asyncio's own."""

from __future__ import annotations

import asyncio

import pytest
import uvloop


@pytest.fixture(params=[uvloop.EventLoopPolicy, asyncio.DefaultEventLoopPolicy])
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    policy = request.param()
    assert isinstance(policy, asyncio.AbstractEventLoopPolicy)
    return policy
