"""The stateful proxy of RFC 3261 §16, for every request that makes no call."""

from sipcore.proxy.forward import Target
from sipcore.proxy.proxy import OWNER, Proxy, ProxyCommand
from sipcore.proxy.validate import Refusal

__all__ = [
    "OWNER",
    "Proxy",
    "ProxyCommand",
    "Refusal",
    "Target",
]
