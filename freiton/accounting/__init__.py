"""Slots, reservations and call detail records as a fold of the charging log. Pure."""

from freiton.accounting.admission import (
    AdmissionCause,
    AdmitRequest,
    Admitted,
    Cut,
    CutReason,
    Refused,
)
from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.call_records import Attempt
from freiton.accounting.charging_events import LogRecord
from freiton.accounting.errors import AccountingError, LogUnreadable, UnknownCall
from freiton.accounting.recovery import OpenCall, Recovered, recover
from freiton.accounting.slots import SlotClaim, SlotKind

__all__ = [
    "AccountingError",
    "AdmissionCause",
    "AdmitRequest",
    "Admitted",
    "Attempt",
    "CallAccounting",
    "Cut",
    "CutReason",
    "LogRecord",
    "LogUnreadable",
    "OpenCall",
    "Recovered",
    "Refused",
    "SlotClaim",
    "SlotKind",
    "UnknownCall",
    "recover",
]
