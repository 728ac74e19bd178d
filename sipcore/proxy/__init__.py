"""The stateful proxy of RFC 3261 §16, with the loop detection and breadth of RFC 5393."""

from sipcore.proxy.forward import Target
from sipcore.proxy.preprocess import Routed
from sipcore.proxy.proxy import OWNER, Proxy, ProxyCommand, Redirected
from sipcore.proxy.record_route import RecordRoutes, Side
from sipcore.proxy.validate import Refusal

__all__ = [
    "OWNER",
    "Proxy",
    "ProxyCommand",
    "RecordRoutes",
    "Redirected",
    "Refusal",
    "Routed",
    "Side",
    "Target",
]
