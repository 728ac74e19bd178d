"""What a dialled string can turn out to be: an E.164 number, a service number, or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rating.errors import LocalError

GERMANY: Final = "49"
"""Country code of the numbering plan that national and local dialling follows."""


class ServiceKind(StrEnum):
    """Classes of German numbers that are no subscriber lines; each has rules of its own."""

    EMERGENCY = "emergency"
    PUBLIC_SERVICE_115 = "public_service_115"
    HARMONISED_116 = "harmonised_116"
    DIRECTORY_118 = "directory_118"
    MASS_TRAFFIC_0137 = "mass_traffic_0137"
    MASS_TRAFFIC_0138 = "mass_traffic_0138"
    SHARED_COST_0180 = "shared_cost_0180"
    VPN_018 = "vpn_018"
    VPN_01888 = "vpn_01888"
    NATIONAL_032 = "national_032"
    PERSONAL_0700 = "personal_0700"
    FREEPHONE_0800 = "freephone_0800"
    PREMIUM_0900 = "premium_0900"
    INTERNATIONAL_FREEPHONE_00800 = "international_freephone_00800"


class RefusalReason(StrEnum):
    """Why a dialled string leads nowhere."""

    INCOMPLETE = "incomplete"
    """More digits could make it a number."""
    UNKNOWN = "unknown"
    """No numbering plan assigns it."""
    MALFORMED = "malformed"
    """It holds characters that nobody can dial, or far too many."""
    NOT_OFFERED = "not_offered"
    """The range exists, but not for subscribers of this switch: 010xy, 012, paging, 019, 031."""
    FOREIGN_EMERGENCY = "foreign_emergency"
    """An emergency number from an origin abroad, which no German answering point may get."""


@dataclass(frozen=True, slots=True)
class E164Number:
    """A number of the public international plan; ``digits`` are without the plus sign."""

    digits: str
    country_code: str

    @property
    def national_number(self) -> str:
        """The national significant number: what follows the country code."""
        return self.digits[len(self.country_code) :]

    @property
    def e164(self) -> str:
        """The number as a SIP or tel URI carries it, such as ``+493012345678``."""
        return f"+{self.digits}"


@dataclass(frozen=True, slots=True)
class ServiceNumber:
    """A number of a special class; ``digits`` are as dialled within Germany."""

    kind: ServiceKind
    digits: str
    e164: str | None = None
    """The global form, where one exists: a short code such as 118xy has none."""

    @property
    def is_emergency(self) -> bool:
        """Whether it is 110 or 112."""
        return self.kind is ServiceKind.EMERGENCY


@dataclass(frozen=True, slots=True)
class NumberRefused:
    """The dialled string is not a number that a call can go to."""

    reason: RefusalReason


NormalizedNumber = E164Number | ServiceNumber | NumberRefused


@dataclass(frozen=True, slots=True)
class DiallingOrigin:
    """From where somebody dials: it completes local numbers and resolves short dial codes."""

    country_code: str = GERMANY
    area_code: str | None = None
    """Without the leading 0; ``None`` where local numbers cannot be completed."""
    short_numbers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Short dial codes of this account; each stands for a number in any dialled form."""

    def __post_init__(self) -> None:
        if not (self.country_code.isascii() and self.country_code.isdigit()):
            raise LocalError(f"country code: {self.country_code!r}")
        area = self.area_code
        if area is not None and not (area.isascii() and area.isdigit() and area[0] != "0"):
            raise LocalError(f"area code is written without its leading 0: {area!r}")
