"""A provider's price list of one period: its terms, its zones and its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from rating.pricing.origin import OriginKind
from rating.pricing.rate import Rate, Source
from rating.pricing.rate_index import EmptyMobile, RateIndex
from rating.pricing.zones import Zone, ZoneMap, ZonePurpose

Place = tuple[str, int]
"""File and line of the data, for the report of a problem."""

_NO_PLACES: Final[Mapping[str, Place]] = MappingProxyType({})


class Basis(StrEnum):
    """Whether the printed prices hold value added tax."""

    GROSS = "gross"
    NET = "net"


@dataclass(frozen=True, slots=True)
class PriceListTerms:
    """What a list says once for all its rows."""

    id: str
    version: str
    provider: str
    country: str
    basis: Basis
    vat_reference: Fraction
    """The tax rate that the printed prices were made with."""
    valid_from: date
    valid_to: date | None
    """The first day after the list."""
    empty_mobile: EmptyMobile
    is_pinned: bool
    """Whether a contract keeps the version of its first day."""
    is_default: bool
    """Whether it holds for contracts that pick no list."""
    is_for_consumers: bool
    """Whether consumers may have it, whom the law protects more."""
    is_example: bool
    """Whether its prices are invented, because the document prints none."""
    source: Source
    readings: tuple[str, ...]


class PriceList:
    """The rates of a period; frozen once built."""

    __slots__ = ("_by_origin", "call_zones", "places", "rates", "roaming_zones", "terms", "zones")

    def __init__(
        self,
        terms: PriceListTerms,
        rates: Iterable[Rate],
        *,
        zones: Iterable[Zone] = (),
        places: Mapping[str, Place] = _NO_PLACES,
    ) -> None:
        """Take the parts of the list; ``places`` tell where its selectors and members stand."""
        self.terms = terms
        self.rates = tuple(rates)
        self.zones = tuple(zones)
        self.places = places
        self.call_zones = self._zones(ZonePurpose.CALL)
        self.roaming_zones = self._zones(ZonePurpose.ROAMING)
        self._by_origin = {
            origin: RateIndex(
                (rate for rate in self.rates if origin in rate.origins), terms.empty_mobile
            )
            for origin in OriginKind
        }

    @property
    def id(self) -> str:
        """Name of the list across its versions."""
        return self.terms.id

    @property
    def version(self) -> str:
        """Which edition this is."""
        return self.terms.version

    def holds_on(self, day: date) -> bool:
        """Tell whether a local day belongs to the period of the list."""
        ends = self.terms.valid_to
        return self.terms.valid_from <= day and (ends is None or day < ends)

    def rows(self, origin: OriginKind) -> RateIndex:
        """Give the rows for calls from a kind of access."""
        return self._by_origin[origin]

    def _zones(self, purpose: ZonePurpose) -> ZoneMap:
        return ZoneMap(
            (zone for zone in self.zones if zone.purpose is purpose), country=self.terms.country
        )
