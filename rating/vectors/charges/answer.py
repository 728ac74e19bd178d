"""From the input of a charge vector to its output, by the functions that charge customers."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from rating.charges import ChargeBook
from rating.errors import VectorError
from rating.stored_record import JsonValue
from rating.vectors.charges.fees import answer_fees
from rating.vectors.charges.forms import NAME
from rating.vectors.charges.invoice import answer_bill, answer_invoice
from rating.vectors.charges.orders import answer_activation, answer_ending, answer_order
from rating.vectors.charges.usage import (
    answer_conversation,
    answer_sequence,
    answer_usage,
    answer_work,
)
from rating.vectors.json_object import Keys, TextForm, shown

_KIND: Final = TextForm(re.compile(r"[a-z]{1,16}"), "a kind of charge")
_INVOICE: Final = "invoice"

_ANSWERS: Final[Mapping[str, Callable[[Keys, ChargeBook], dict[str, JsonValue]]]] = (
    MappingProxyType(
        {
            "fees": answer_fees,
            "message": answer_usage,
            "reply": answer_usage,
            "data": answer_usage,
            "minutes": answer_usage,
            "sequence": answer_sequence,
            "conversation": answer_conversation,
            "work": answer_work,
            "order": answer_order,
            "ending": answer_ending,
            "activation": answer_activation,
            "bill": answer_bill,
        }
    )
)


def answer_charge_vector(
    values: Mapping[str, object], books: Mapping[str, ChargeBook]
) -> dict[str, JsonValue]:
    """Answer the input of a vector; raise ``VectorError`` if it cannot be read."""
    keys = Keys(values)
    kind = keys.text("kind", _KIND)
    if kind == _INVOICE:
        output = answer_invoice(keys)
    elif kind in _ANSWERS:
        provider = keys.text("provider", NAME)
        if provider not in books:
            raise VectorError(f"there are no charges of provider {provider}")
        output = _ANSWERS[kind](keys, books[provider])
    else:
        raise VectorError(f"there is no kind {shown(kind)}")
    keys.refuse_others()
    return output
