"""A made-up provider with one of each rule, for tests that change one thing at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from rating.engine import BookedOption, Quote, QuoteParams, Unpriced, quote
from rating.numbering import NumberRefused
from rating.pricing import (
    BookedPlan,
    Callee,
    CallOrigin,
    ExternalPrice,
    OriginKind,
    Subscription,
    Tariffs,
    load_tariffs,
)
from tests.rating.shipped import BERLIN, numbering

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
SINCE = date(2026, 5, 1)

TARIFF = """\
provider = "small"
name = "Small"
document = "Small list"
country = "DE"
time_zone = "Europe/Berlin"

[[plan]]
id = "basic"
name = "Basic"
line = 1

[[plan]]
id = "business"
name = "Business"
line = 2
includes = ["FLAT-DE"]

[[plan]]
id = "trunk"
name = "Trunk"
line = 3
trunk = true

[[column]]
id = "base"

[[column]]
id = "business"
plans = ["business"]

[[column]]
id = "sim"
origins = ["mobile"]

[[column]]
id = "plus"
option = "PLUS"

[[zone]]
id = "near"
line = 10

[[zone]]
id = "inner"
within = "near"
line = 11
readings = ["R-INNER"]

[[zone]]
id = "far"
rest = true
line = 12

[[zone]]
id = "green"
purpose = "roaming"
line = 13

[[zone]]
id = "red"
purpose = "roaming"
rest = true
line = 14

[[table]]
file = "roaming.csv"
origins = ["roaming"]

[[table]]
file = "incoming.csv"
origins = ["roaming_incoming"]

[on_net]
line = 15
covers = ["DE/fixed"]
readings = ["R-ON-NET"]

[internal]
line = 16
readings = ["R-INTERNAL"]

[[surcharge]]
id = "sim"
per_minute = "0.05"
line = 17
origins = ["mobile"]
except = ["@inner/mobile", "service"]
dropped_by = ["SIM-FLAT"]
readings = ["R-SIM"]

[[price_list]]
id = "small"
version = "1"
line = 18
valid_from = 2024-01-01
basis = "net"
vat_reference = "0.19"
increment = "1/1"
empty_mobile = "refused"
readings = ["R-LIST"]
tables = ["calls.csv", "services.csv", "roaming.csv", "incoming.csv"]
zones = ["zones.csv"]

[[option]]
id = "FLAT-DE"
kind = "flat"
line = 19
covers = ["DE/fixed"]
origins = ["voip"]
effective = "provision_day"
trunk_accounts = false
concurrent_calls = 1

[[option]]
id = "SIM-FLAT"
kind = "flat"
line = 20
covers = ["DE/fixed", "DE/mobile", "@inner/fixed", "@green"]
origins = ["voip", "mobile", "roaming"]
plans = ["business"]
effective = "provision_day"
trunk_accounts = false

[[option]]
id = "PLUS"
kind = "column"
line = 21
effective = "provision_day"
trunk_accounts = true

[[option]]
id = "FREE-60"
kind = "allowance"
line = 22
covers = ["DE", "@near"]
included_minutes = 60
effective = "contract_term"
trunk_accounts = true
readings = ["R-FREE"]
"""
CALLS = """\
line,destination,match,base_fixed_eur,base_mobile_eur,plus_fixed_eur,plus_mobile_eur,business_fixed_eur,readings
30,Germany,DE,0.02,0.10,0.01,0.05,0.015,
31,Inner,@inner,0.03,0.20,0.02,0.10,0.00,R-ROW
32,Near,@near,0.04,0.30,0.03,0.20,,
33,Far,@far,0.90,1.10,0.80,1.00,,
34,United States,US,0.05,0.05,0.05,0.05,,
35,Satellite,001/satellite,9.90,,9.90,,,
"""
SERVICES = """\
line,destination,match,base_fixed_ct,sim_fixed_ct,unit,increment,free_first_s,status,factor,readings
40,Shared,01805,11.7647,11.7647,minute,,,,,
41,Free first,01807,11.7647,11.7647,minute,60/1,30,,,
42,Mass,01377,84.0336,84.0336,call,,,,,
43,Premium,0900,,,minute,,,external,,R-EXTERNAL
44,Partner,0138,5,5,minute,,,,1.5,
45,Nobody,0181,,,minute,,,unpriced,,
"""
ROAMING = """\
line,half,destination,match,base_fixed_eur,base_mobile_eur,increment,status,factor,readings
50,,Green fixed,@green/fixed,0.10,,1/1,,,
51,,Green mobile,@green/mobile,,0.12,1/1,,,
52,,Red,@red,0.99,0.99,60/60,,,
53,a,Partner,service 001/satellite,,,60/60,external,1.25,
53,b,At sea,001,,,60/60,external,1.25,
"""
INCOMING = """\
line,destination,match,base_fixed_eur,increment,factor
60,Green,@green,0.00,1/1,
61,Red,@red,0.58,60/60,1.25
"""
ZONES = """\
line,zone,member,match,readings
70,near,Austria,AT,
70,near,Switzerland,CH,R-CH
71,inner,Austria,AT,
71,inner,Portugal,PT,
72,near,Azores,PT-AZORES,
80,green,Austria,AT,
80,green,France,FR,
80,green,Portugal,PT,
"""
FILES = {
    "vat.toml": """\
[[rate]]
country = "DE"
rate = "0.19"
valid_from = 2007-01-01
valid_to = 2025-01-01

[[rate]]
country = "DE"
rate = "0.16"
valid_from = 2025-01-01
valid_to = 2025-07-01

[[rate]]
country = "DE"
rate = "0.19"
valid_from = 2025-07-01
""",
    "caps.toml": """\
[[cap]]
numbers = ["0180"]
per_minute = "0.14"
per_call = "0.20"
increment_s_max = 60
valid_from = 2021-12-01
source = "law"
""",
    "small/tariff.toml": TARIFF,
    "small/calls.csv": CALLS,
    "small/services.csv": SERVICES,
    "small/roaming.csv": ROAMING,
    "small/incoming.csv": INCOMING,
    "small/zones.csv": ZONES,
}

MOBILE = CallOrigin(OriginKind.MOBILE)


def abroad(region: str) -> CallOrigin:
    return CallOrigin(OriginKind.ROAMING, region)


def called_in(region: str) -> CallOrigin:
    return CallOrigin(OriginKind.ROAMING_INCOMING, region)


def booked(option_id: str, *, since: date = SINCE, count: int = 1) -> BookedOption:
    return BookedOption(option_id, count, since, None, since, "small")


def small() -> Tariffs:
    return loaded(FILES)


def loaded(files: dict[str, str]) -> Tariffs:
    return _loaded(tuple(files.items()))


@lru_cache(maxsize=8)
def _loaded(files: tuple[tuple[str, str], ...]) -> Tariffs:
    return load_tariffs(dict(files))


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """Give the files with one passage changed."""
    assert old in FILES[file], old
    return {**FILES, file: FILES[file].replace(old, new, 1)}


def price_of(
    dialled: str | None,
    *options: str,
    plan: str = "basic",
    origin: CallOrigin | None = None,
    callee: Callee = Callee.OTHER,
    told: ExternalPrice | None = None,
    at: datetime = NOW,
    files: dict[str, str] | None = None,
) -> Quote | Unpriced:
    """Quote a number as dialled in Berlin."""
    number = None
    if dialled is not None:
        found = numbering().plan.normalize(dialled, BERLIN)
        assert not isinstance(found, NumberRefused), (dialled, found)
        number = found
    plans = (BookedPlan("small", plan, date(2024, 1, 1)),)
    return quote(
        QuoteParams(
            tariffs=loaded(files or FILES),
            subscription=Subscription(plans, tuple(booked(name) for name in options)),
            number=number,
            prefix_table=numbering().prefix_table,
            at=at,
            origin=origin or CallOrigin(),
            callee=callee,
            external_price=told,
        )
    )


def quote_of(
    dialled: str | None,
    *options: str,
    plan: str = "basic",
    origin: CallOrigin | None = None,
    callee: Callee = Callee.OTHER,
    told: ExternalPrice | None = None,
    at: datetime = NOW,
    files: dict[str, str] | None = None,
) -> Quote:
    """Quote a number that must have a price."""
    found = price_of(
        dialled, *options, plan=plan, origin=origin, callee=callee, told=told, at=at, files=files
    )
    assert isinstance(found, Quote), (dialled, found)
    return found
