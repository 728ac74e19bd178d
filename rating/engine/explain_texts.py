"""What an explanation says, in German and English, by its topic and the case at hand.

A list of texts, so it may be long. Nothing is decided or calculated here.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rating.engine.quote import BY_LAW, INTERNAL, ON_NET


class Topic(StrEnum):
    """What a sentence is about, in the order in which a charge comes to be."""

    NUMBER = "number"
    ROW = "row"
    PLAN = "plan"
    ORIGIN = "origin"
    EXTERNAL_PRICE = "external_price"
    READINGS = "readings"
    COVER = "cover"
    DURATION = "duration"
    LEGAL_LIMIT = "legal_limit"
    FREE_SECONDS = "free_seconds"
    INCREMENTS = "increments"
    ALLOWANCE = "allowance"
    PRICE = "price"
    ROUNDING = "rounding"
    VAT = "vat"
    TOTAL = "total"
    NOT_CHARGED = "not_charged"
    """Instead of all others: nobody pays for the call."""


LINE_TYPES: Final = MappingProxyType(
    {
        "de": MappingProxyType(
            {
                "fixed": "Festnetz",
                "mobile": "Mobilfunk",
                "either": "Festnetz oder Mobilfunk",
                "voip": "VoIP-Anschluss",
                "universal_access": "ortsunabhängige Nummer",
                "toll_free": "Freephone-Nummer",
                "special": "Sonderrufnummer",
                "premium": "Mehrwertnummer",
                "satellite": "Satellit",
            }
        ),
        "en": MappingProxyType(
            {
                "fixed": "fixed line",
                "mobile": "mobile line",
                "either": "fixed or mobile line",
                "voip": "VoIP line",
                "universal_access": "universal access number",
                "toll_free": "freephone number",
                "special": "service number",
                "premium": "premium number",
                "satellite": "satellite",
            }
        ),
    }
)

# German and English by topic and what there is to say of it.
TEXTS: Final = MappingProxyType(
    {
        (Topic.NUMBER, "named"): (
            "Gerufen wurde {number}.",
            "The number called is {number}.",
        ),
        (Topic.NUMBER, "erased"): (
            "Die gerufene Nummer ist gelöscht, wie es das Gesetz verlangt.",
            "The number called has been erased, as the law demands.",
        ),
        (Topic.ROW, "printed"): (
            (
                "Sie beginnt mit {prefix} (Nummernplan {numbering}) und fällt unter "
                "„{destination}“, {line_type}: {document}, Zeile {line}; "
                "Preisliste {price_list}, Feld {row}."
            ),
            (
                "It begins with {prefix} (numbering {numbering}) and belongs to “{destination}”, "
                "{line_type}: {document}, line {line}; price list {price_list}, cell {row}."
            ),
        ),
        (Topic.ROW, "none"): (
            (
                "Sie beginnt mit {prefix} (Nummernplan {numbering}) und fällt unter "
                "„{destination}“; eine Zeile der Preisliste wird nicht gebraucht."
            ),
            (
                "It begins with {prefix} (numbering {numbering}) and belongs to “{destination}”; "
                "no row of a price list is needed."
            ),
        ),
        (Topic.ROW, "inside"): (
            "Das Ziel ist intern: {document}, Zeile {line}.",
            "The callee is internal: {document}, line {line}.",
        ),
        (Topic.ROW, "incoming"): (
            (
                "Der Preis hängt nur vom Aufenthaltsort ab, „{destination}“: "
                "{document}, Zeile {line}; Preisliste {price_list}, Feld {row}."
            ),
            (
                "The price depends on the visited place only, “{destination}”: "
                "{document}, line {line}; price list {price_list}, cell {row}."
            ),
        ),
        (Topic.PLAN, "plan"): (
            "Es gilt der Tarif {plan} von {provider}.",
            "The plan is {plan} of {provider}.",
        ),
        (Topic.ORIGIN, "mobile"): (
            "Der Anruf kam aus dem inländischen Mobilfunknetz.",
            "The call was made from the national mobile network.",
        ),
        (Topic.ORIGIN, "roaming"): (
            "Der Anruf kam aus dem Ausland: {visited}.",
            "The call was made from abroad: {visited}.",
        ),
        (Topic.ORIGIN, "roaming_incoming"): (
            "Der Anruf wurde im Ausland angenommen: {visited}.",
            "The call was taken abroad: {visited}.",
        ),
        (Topic.EXTERNAL_PRICE, "told"): (
            "Der fremde Anbieter hat {minute} pro Minute und {call} je Verbindung genannt.",
            "The other provider has told {minute} per minute and {call} per call.",
        ),
        (Topic.READINGS, "rests"): (
            "Wo das Dokument unklar ist, gilt: {readings}.",
            "Where the document is unclear, these decisions hold: {readings}.",
        ),
        (Topic.COVER, "flat"): (
            "Das Gespräch ist in {option} enthalten und kostet nichts.",
            "The call is included in {option} and costs nothing.",
        ),
        (Topic.COVER, BY_LAW): (
            "Das Gesetz verlangt, dass dieses Gespräch nichts kostet.",
            "The law demands that this call costs nothing.",
        ),
        (Topic.COVER, ON_NET): (
            "Gespräche im eigenen Netz kosten nichts.",
            "Calls inside the own network cost nothing.",
        ),
        (Topic.COVER, INTERNAL): (
            "Interne Gespräche kosten nichts.",
            "Internal calls cost nothing.",
        ),
        (Topic.DURATION, "unanswered"): (
            "Es gibt keine Zeit zu bezahlen, auch keinen Preis je Verbindung.",
            "There is no time to pay for, and no price per call either.",
        ),
        (Topic.DURATION, "lasted"): (
            "Es dauerte {lasted} s; jede begonnene Sekunde zählt: {billed} s.",
            "It lasted {lasted} s; a second that has begun counts: {billed} s.",
        ),
        (Topic.LEGAL_LIMIT, "limit"): (
            "Mehr als {limit} s dürfen nicht berechnet werden.",
            "No more than {limit} s may be charged.",
        ),
        (Topic.FREE_SECONDS, "free"): (
            "Die ersten {free} s sind frei: es bleiben {rest} s.",
            "The first {free} s are free: {rest} s are left.",
        ),
        (Topic.INCREMENTS, "charged"): (
            "Im Takt {increments} sind das {charged} s.",
            "In increments of {increments} these are {charged} s.",
        ),
        (Topic.ALLOWANCE, "pays"): (
            "Das Kontingent {option} zahlt {used} von {charged} s.",
            "The allowance {option} pays {used} of {charged} s.",
        ),
        (Topic.ALLOWANCE, "gone"): (
            "Das Kontingent {option} hatte keine Sekunde mehr.",
            "The allowance {option} had no second left.",
        ),
        (Topic.PRICE, "told"): ("Fremder Anbieter", "Other provider"),
        (Topic.PRICE, "told_times"): (
            "Fremder Anbieter, mal {factor}",
            "Other provider, times {factor}",
        ),
        (Topic.PRICE, "per_call"): (
            "{label}: {price} je Verbindung.",
            "{label}: {price} per call.",
        ),
        (Topic.PRICE, "per_minute"): (
            "{label}: {price} pro Minute, für {seconds} s also {amount}.",
            "{label}: {price} per minute, so {amount} for {seconds} s.",
        ),
        (Topic.ROUNDING, "up"): (
            (
                "Gerundet wird einmal, kaufmännisch auf ein Millionstel Euro: {amount}, das sind "
                "{difference} mehr."
            ),
            (
                "It is rounded once, half up to a millionth of a euro: {amount}, which is "
                "{difference} more."
            ),
        ),
        (Topic.ROUNDING, "down"): (
            (
                "Gerundet wird einmal, kaufmännisch auf ein Millionstel Euro: {amount}, das sind "
                "{difference} weniger."
            ),
            (
                "It is rounded once, half up to a millionth of a euro: {amount}, which is "
                "{difference} less."
            ),
        ),
        (Topic.VAT, "added"): (
            "Zu {net} netto kommen {rate} % Umsatzsteuer: {vat}.",
            "To {net} net, {rate} % of value added tax are added: {vat}.",
        ),
        (Topic.VAT, "contained"): (
            "Darin sind {rate} % Umsatzsteuer enthalten: {vat}.",
            "This contains {rate} % of value added tax: {vat}.",
        ),
        (Topic.TOTAL, "total"): (
            "Das Gespräch kostet {total}.",
            "The call costs {total}.",
        ),
        (Topic.TOTAL, "nothing"): (
            "Das Gespräch kostet nichts.",
            "The call costs nothing.",
        ),
    }
)
