"""The operator's commands about blocked addresses, as the running switch carries them out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Any

from freiton.errors import OperatorError
from sipcore.defence.sources import Sources, source_key

Command = Callable[[Mapping[str, Any]], Awaitable[object]]


def blocking_commands(sources: Sources) -> dict[str, Command]:
    """Return the commands by the names they have on the control socket."""

    async def blocked(_arguments: Mapping[str, Any]) -> object:
        left = sources.blocked(now=time.monotonic())
        return {"sources": [{"source": key, "seconds": seconds} for key, seconds in left.items()]}

    async def block(arguments: Mapping[str, Any]) -> object:
        host = _host(arguments)
        sources.block(host, float(arguments["seconds"]), now=time.monotonic())
        return {"source": source_key(host)}

    async def unblock(arguments: Mapping[str, Any]) -> object:
        host = _host(arguments)
        return {"source": source_key(host), "was_known": sources.unblock(host)}

    return {"blocked-sources": blocked, "block-source": block, "unblock-source": unblock}


def _host(arguments: Mapping[str, Any]) -> str:
    host = str(arguments["host"])
    try:
        return str(ip_address(host))
    except ValueError as error:
        raise OperatorError(f"{host} is no IP address") from error
