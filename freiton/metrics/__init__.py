"""Counters read at scrape time."""

from freiton.metrics.exporter import MetricsServer
from freiton.metrics.facts import (
    CallFacts,
    CallKind,
    CallResult,
    ChargingLogFacts,
    EventFacts,
    Health,
    ProxyFacts,
    RegistrarFacts,
    SignallingFacts,
    SwitchFacts,
    TransactionKind,
    TrunkFacts,
)
from freiton.metrics.histogram import Histogram
from freiton.metrics.loop_lag import LoopLag

__all__ = [
    "CallFacts",
    "CallKind",
    "CallResult",
    "ChargingLogFacts",
    "EventFacts",
    "Health",
    "Histogram",
    "LoopLag",
    "MetricsServer",
    "ProxyFacts",
    "RegistrarFacts",
    "SignallingFacts",
    "SwitchFacts",
    "TransactionKind",
    "TrunkFacts",
]
