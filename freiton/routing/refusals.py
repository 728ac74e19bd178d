"""Every reason for which the switch refuses a call, and what the caller is told (one table).

Statuses follow RFC 3261 §21, cause numbers ITU-T Q.850; both travel together (RFC 3326), with a
Warning for people (RFC 3261 §20.43). `docs/refusals.md` is written from this table. This file is a
list, so it may be long.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sipcore.message.reason import Reason
from sipcore.message.reason_phrases import REASON_PHRASES
from sipcore.message.warning import MISCELLANEOUS, SIPS_NOT_ALLOWED, WarningValue

RETRY_AFTER_S: Final[tuple[float, ...]] = (5.0, 30.0)
"""Between which seconds Retry-After is chosen by chance, so that callers do not return at once."""


class RefusalCause(StrEnum):
    """Why a call was refused; the value is what the call's record keeps."""

    UNKNOWN_CALLER = "unknown-caller"
    AUTHENTICATION_FAILED = "authentication-failed"
    ACCOUNT_DISABLED = "account-disabled"
    CALLER_NUMBER_FORBIDDEN = "caller-number-forbidden"
    NO_CALLER_NUMBER = "no-caller-number"
    ANONYMOUS_REFUSED = "anonymous-refused"
    PRIVACY_IMPOSSIBLE = "privacy-impossible"
    EMERGENCY_FROM_STRANGER = "emergency-from-stranger"
    EMERGENCY_FROM_TRUNK = "emergency-from-trunk"
    EMERGENCY_FROM_ABROAD = "emergency-from-abroad"
    NO_EMERGENCY_TRUNK = "no-emergency-trunk"
    UNKNOWN_NUMBER = "unknown-number"
    INCOMPLETE = "incomplete"
    FOREIGN_DOMAIN = "foreign-domain"
    NOT_REGISTERED = "not-registered"
    SIPS_NOT_ALLOWED = "sips-not-allowed"
    BARRED = "barred"
    PREMIUM_OFF = "premium-off"
    NON_EU_OFF = "non-eu-off"
    FLATRATE_LIMIT = "flatrate-limit"
    TECHNICAL_LIMIT = "technical-limit"
    CHANNEL_LIMIT = "channel-limit"
    TRUNK_LIMIT = "trunk-limit"
    TRUNK_OVERLOAD = "trunk-overload"
    NO_PRICE = "no-price"
    NO_CREDIT = "no-credit"
    SPENDING_LIMIT = "spending-limit"
    NO_TRUNK = "no-trunk"
    TRUNKS_FAILED = "trunks-failed"
    LOG_DOWN = "log-down"
    SHUTTING_DOWN = "shutting-down"
    OVERLOADED = "overloaded"
    LOOP = "loop"
    TOO_MANY_HOPS = "too-many-hops"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One row: what the caller gets.

    ``other_statuses`` are those that an account or a trunk may choose instead. Only with
    ``has_retry_after`` may a caller be told to stay away: a phone that obeys it would hold back an
    emergency call as well (RFC 3261 §21.5.4).
    """

    status: int
    q850: int
    de: str
    en: str
    other_statuses: tuple[int, ...] = ()
    warning_code: int = MISCELLANEOUS
    has_retry_after: bool = False


REFUSALS: Final = MappingProxyType(
    {
        RefusalCause.UNKNOWN_CALLER: Refusal(
            status=403, q850=21, de="Kein Konto für diesen Anruf", en="No account for this call"
        ),
        RefusalCause.AUTHENTICATION_FAILED: Refusal(
            status=403, q850=21, de="Anmeldung abgelehnt", en="Credentials refused"
        ),
        RefusalCause.ACCOUNT_DISABLED: Refusal(
            status=403, q850=21, de="Anschluss gesperrt", en="Account out of service"
        ),
        RefusalCause.CALLER_NUMBER_FORBIDDEN: Refusal(
            status=403,
            q850=21,
            de="Diese Rufnummer darf nicht als Absender erscheinen",
            en="This number may not be shown as a caller",
        ),
        RefusalCause.NO_CALLER_NUMBER: Refusal(
            status=403,
            q850=50,
            de="Dem Anschluss ist keine Rufnummer zugeteilt",
            en="No number is assigned to this account",
        ),
        RefusalCause.ANONYMOUS_REFUSED: Refusal(
            status=433,
            q850=21,
            de="Teilnehmer nimmt keine Anrufe ohne Rufnummer an",
            en="No calls without a number are taken here",
        ),
        RefusalCause.PRIVACY_IMPOSSIBLE: Refusal(
            status=500,
            q850=79,
            de="Die verlangte Verschwiegenheit ist hier nicht möglich",
            en="The privacy asked for is not possible here",
        ),
        RefusalCause.EMERGENCY_FROM_STRANGER: Refusal(
            status=403,
            q850=21,
            de="Notruf von hier nicht möglich, bitte anderes Telefon benutzen",
            en="No emergency call from here, please use another telephone",
        ),
        RefusalCause.EMERGENCY_FROM_TRUNK: Refusal(
            status=403,
            q850=21,
            de="Notruf aus fremdem Netz nicht möglich, bitte örtliche Nummer wählen",
            en="No emergency call from another network, please dial the local number",
        ),
        RefusalCause.EMERGENCY_FROM_ABROAD: Refusal(
            status=403,
            q850=21,
            de="Notruf aus dem Ausland nicht möglich, bitte örtliche Nummer wählen",
            en="No emergency call from abroad, please dial the local number",
        ),
        RefusalCause.NO_EMERGENCY_TRUNK: Refusal(
            status=503,
            q850=38,
            de="Kein Weg zur Notrufabfragestelle",
            en="No way to the emergency centre",
        ),
        RefusalCause.UNKNOWN_NUMBER: Refusal(
            status=404, q850=1, de="Rufnummer nicht vergeben", en="Number not assigned"
        ),
        RefusalCause.INCOMPLETE: Refusal(
            status=484, q850=28, de="Rufnummer unvollständig", en="Number incomplete"
        ),
        RefusalCause.FOREIGN_DOMAIN: Refusal(
            status=404,
            q850=3,
            de="Diese Domain wird hier nicht vermittelt",
            en="This domain is not served here",
        ),
        RefusalCause.NOT_REGISTERED: Refusal(
            status=480,
            q850=20,
            de="Teilnehmer nicht angemeldet",
            en="No device is registered",
        ),
        RefusalCause.SIPS_NOT_ALLOWED: Refusal(
            status=480,
            q850=58,
            de="Kein durchgehend verschlüsselter Weg zum Teilnehmer",
            en="No way there is encrypted on every hop",
            warning_code=SIPS_NOT_ALLOWED,
        ),
        RefusalCause.BARRED: Refusal(
            status=403, q850=21, de="Ziel gesperrt", en="Destination barred"
        ),
        RefusalCause.PREMIUM_OFF: Refusal(
            status=403,
            q850=50,
            de="Mehrwertnummern sind nicht freigegeben",
            en="Premium numbers are not enabled",
        ),
        RefusalCause.NON_EU_OFF: Refusal(
            status=403,
            q850=50,
            de="Ziele außerhalb der EU sind nicht freigegeben",
            en="Destinations outside the EU are not enabled",
        ),
        RefusalCause.FLATRATE_LIMIT: Refusal(
            status=486,
            q850=17,
            de="Alle gebuchten Flatrates sind im Gespräch",
            en="All booked flatrates are in use",
        ),
        RefusalCause.TECHNICAL_LIMIT: Refusal(
            status=486,
            q850=17,
            de="Zu viele Gespräche zugleich",
            en="Too many calls at once",
        ),
        RefusalCause.CHANNEL_LIMIT: Refusal(
            status=503,
            q850=34,
            de="Alle Sprachkanäle sind belegt",
            en="All channels are busy",
            other_statuses=(486,),
        ),
        RefusalCause.TRUNK_LIMIT: Refusal(
            status=503,
            q850=34,
            de="Alle Leitungen zum Netzbetreiber sind belegt",
            en="All lines to the carrier are busy",
            other_statuses=(486,),
        ),
        RefusalCause.TRUNK_OVERLOAD: Refusal(
            status=503,
            q850=42,
            de="Der Netzbetreiber ist überlastet",
            en="The carrier is overloaded",
        ),
        RefusalCause.NO_PRICE: Refusal(
            status=403,
            q850=21,
            de="Für dieses Ziel gibt es keinen Preis",
            en="There is no price for this destination",
        ),
        RefusalCause.NO_CREDIT: Refusal(
            status=402,
            q850=21,
            de="Guthaben reicht nicht",
            en="Not enough credit",
            other_statuses=(403,),
        ),
        RefusalCause.SPENDING_LIMIT: Refusal(
            status=402,
            q850=21,
            de="Tageslimit erreicht",
            en="Daily spending limit reached",
            other_statuses=(403,),
        ),
        RefusalCause.NO_TRUNK: Refusal(
            status=503,
            q850=38,
            de="Keine Leitung zum Netzbetreiber in Betrieb",
            en="No line to a carrier is in service",
        ),
        RefusalCause.TRUNKS_FAILED: Refusal(
            status=503,
            q850=38,
            de="Kein Netzbetreiber hat den Anruf angenommen",
            en="No carrier took the call",
        ),
        RefusalCause.LOG_DOWN: Refusal(
            status=503,
            q850=41,
            de="Abrechnung nicht verfügbar, Notruf ist möglich",
            en="Charging not available, emergency calls are possible",
        ),
        RefusalCause.SHUTTING_DOWN: Refusal(
            status=503,
            q850=41,
            de="Vermittlung wird beendet",
            en="The switch is shutting down",
            has_retry_after=True,
        ),
        RefusalCause.OVERLOADED: Refusal(
            status=503,
            q850=42,
            de="Vermittlung überlastet",
            en="The switch is overloaded",
            has_retry_after=True,
        ),
        RefusalCause.LOOP: Refusal(
            status=482, q850=25, de="Anruf läuft im Kreis", en="The call runs in a circle"
        ),
        RefusalCause.TOO_MANY_HOPS: Refusal(
            status=483, q850=25, de="Zu viele Zwischenstationen", en="Too many hops"
        ),
        RefusalCause.MALFORMED: Refusal(
            status=400, q850=95, de="Anfrage nicht lesbar", en="The request cannot be read"
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalAnswer:
    """The response to build: status, phrase and fields as (key, raw value)."""

    status: int
    phrase: str
    fields: tuple[tuple[str, str], ...]


def answer_refusal(
    cause: RefusalCause,
    *,
    host: str,
    language: str = "de",
    status: int | None = None,
    retry_after_s: float | None = None,
) -> RefusalAnswer:
    """Say a refusal in SIP.

    ``host`` is our name in the Warning. ``status`` is what an account or trunk chose, and counts
    only if the row allows it. ``retry_after_s`` is used where the row permits a Retry-After.
    """
    row = REFUSALS[cause]
    text = row.de if language == "de" else row.en
    chosen = row.status if status is None or status not in row.other_statuses else status
    warning = WarningValue(row.warning_code, host, text)
    fields = [("reason", reason_value(row.q850, text)), ("warning", str(warning))]
    if row.has_retry_after and retry_after_s is not None:
        fields.append(("retry-after", str(max(1, round(retry_after_s)))))
    return RefusalAnswer(
        status=chosen,
        phrase=REASON_PHRASES[chosen],
        fields=tuple(fields),
    )


def reason_value(q850: int, text: str) -> str:
    """Return the value of a Reason header with a Q.850 cause (RFC 3326 §2)."""
    return str(Reason("Q.850", q850, text))
