"""The registrar of RFC 3261 §10: which devices stand behind an address-of-record, and where."""

from sipcore.registrar.binding import Binding, address_of_record
from sipcore.registrar.binding_change import BindingChange, BindingEvent
from sipcore.registrar.keep_alive import is_keep_alive_answer, keep_alive
from sipcore.registrar.location_table import LocationTable
from sipcore.registrar.record import from_record, to_record
from sipcore.registrar.update import (
    BindingChanges,
    Refusal,
    RegistrarLimits,
    response_fields,
    update_bindings,
)

__all__ = [
    "Binding",
    "BindingChange",
    "BindingChanges",
    "BindingEvent",
    "LocationTable",
    "Refusal",
    "RegistrarLimits",
    "address_of_record",
    "from_record",
    "is_keep_alive_answer",
    "keep_alive",
    "response_fields",
    "to_record",
    "update_bindings",
]
