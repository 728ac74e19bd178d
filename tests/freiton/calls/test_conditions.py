"""On what conditions a call is made: plan, kind of access, who is called, allowances, limits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from freiton.calls.admission_request import admit_request
from freiton.calls.call_conditions import CallConditions
from freiton.calls.pricing import Pricing, callee_of
from freiton.calls.subscriptions import UnknownBooking, check_bookings
from freiton.routing.decision import CallKind, Connect, SlotRule
from freiton.routing.directory import Account, AccountKind, Device, Directory
from rating.allowances import AllowanceTerms
from rating.engine import Quote, Unpriced, UnpricedReason
from rating.numbering import DiallingOrigin, NumberRefused
from rating.pricing import BookedOption, BookedPlan, Callee, OriginKind, Subscription
from tests.rating.shipped import numbering, tariffs
from tests.support.virtual_town import account

AT = datetime(2026, 5, 20, 12, tzinfo=UTC)
DAY = date(2026, 5, 1)
MOBILE = "01713920010"
PACKAGE = "PACK-MOBILE-100"


def on(plan: str, *options: BookedOption, **changes: Any) -> Account:
    provider, _, plan_id = plan.partition("/")
    booked = Subscription((BookedPlan(provider, plan_id, DAY),), options)
    return account(1, "anna", subscription=booked, **changes)


def option(provider: str, option_id: str, count: int = 1, **days: date) -> BookedOption:
    return BookedOption(
        option_id, count, days.get("begins", DAY), days.get("ends"), DAY, provider=provider
    )


def device(origin: OriginKind) -> Device:
    return Device(
        id=1, account_id=1, auth_user="d", realm="r", ha1_md5="", ha1_sha256="", origin=origin
    )


def call(owner: Account, dialled: str, **changes: Any) -> Connect:
    number = numbering().plan.normalize(dialled, DiallingOrigin(area_code="30"))
    assert not isinstance(number, NumberRefused)
    fields: dict[str, Any] = {
        "kind": CallKind.OUTBOUND,
        "called": number,
        "dialled": dialled,
        "groups": (),
        "caller": owner,
        "called_account": None,
        "incoming_trunk": None,
        "calling_number": None,
        "is_number_hidden": False,
        "slot_rule": SlotRule.OUTGOING,
        "max_call_s": None,
    }
    return Connect(**fields | changes)


def conditions(
    owner: Account,
    dialled: str = MOBILE,
    *,
    origin: OriginKind = OriginKind.VOIP,
    at: datetime = AT,
    **changes: Any,
) -> CallConditions:
    pricing = Pricing(tariffs(), "tgnet", numbering().prefix_table)
    found = pricing.conditions(call(owner, dialled, **changes), device(origin), at=at)
    assert isinstance(found, CallConditions), found
    return found


def price(found: CallConditions) -> str:
    assert isinstance(found.quote, Quote)
    return str(found.quote.price_per_minute)


def test_the_plan_of_the_caller_prices_a_call() -> None:
    assert price(conditions(account(1, "anna"))) == "199/1000"  # TGNET, line 90: 19.9 ct
    assert price(conditions(on("enreach/advanced"))) == "99/1000"  # Enreach, line 185
    quote = conditions(on("enreach/expert")).quote
    assert quote is not None
    assert (quote.provider, quote.plan_id) == ("enreach", "expert")
    assert quote.covered_by == "ALLNET-VOIP"  # which comes with the plan


def test_before_its_first_plan_an_account_is_on_that_of_the_settings() -> None:
    april = datetime(2026, 4, 30, 12, tzinfo=UTC)
    assert price(conditions(on("enreach/advanced"), at=april)) == "199/1000"


def test_the_kind_of_access_of_the_device_counts() -> None:
    zoe = on("zaluma/team")
    assert price(conditions(zoe)) == "99/1000"  # line 189, 9.9 ct
    assert price(conditions(zoe, origin=OriginKind.MOBILE)) == "3/25"  # 12.0 ct
    # Enreach, lines 185 and 204: 9.9 ct and 4.9 ct for the SIM.
    dora = conditions(on("enreach/advanced"), origin=OriginKind.MOBILE)
    assert price(dora) == "37/250"


def test_a_call_without_a_price_has_no_conditions() -> None:
    pricing = Pricing(tariffs(), "enreach", numbering().prefix_table)
    trunk = account(1, "pbx", kind=AccountKind.PBX)
    found = pricing.conditions(call(trunk, MOBILE), device(OriginKind.VOIP), at=AT)
    # Enreach Contact has no plan for SIP trunks.
    assert found == Unpriced(UnpricedReason.NO_PLAN)


def test_colleagues_are_internal_and_other_customers_are_not() -> None:
    anna, ben = account(1, "anna"), account(2, "ben")
    stranger = account(3, "cleo", customer_id=2)
    assert callee_of(anna, ben) is Callee.INTERNAL
    assert callee_of(anna, stranger) is Callee.OWN_NETWORK
    assert callee_of(anna, None) is Callee.OTHER


@pytest.mark.parametrize(
    ("plan", "same_customer", "covered_by"),
    [
        ("tgnet/account", True, "on-net"),
        ("tgnet/account", False, "on-net"),
        ("enreach/advanced", True, "internal"),
        ("enreach/advanced", False, None),
    ],
)
def test_what_a_provider_charges_between_its_subscribers(
    plan: str, *, same_customer: bool, covered_by: str | None
) -> None:
    ben = account(2, "ben", customer_id=1 if same_customer else 2)
    assert ben.main_number is not None
    found = conditions(on(plan), ben.main_number, kind=CallKind.ON_NET, called_account=ben)
    assert found.quote is not None
    assert found.quote.covered_by == covered_by


def test_nobody_pays_for_calls_in_and_for_help() -> None:
    anna = on("enreach/advanced")
    assert conditions(anna, kind=CallKind.EMERGENCY).quote is None
    assert conditions(anna, kind=CallKind.INBOUND, caller=None).quote is None
    found = conditions(account(1, "anna", flatrates=2), called=None, kind=CallKind.ON_NET)
    assert (found.quote, found.outgoing_max) == (None, 2)


def test_booked_flatrates_limit_calls_and_other_options_do_not() -> None:
    assert conditions(account(1, "anna", flatrates=2)).outgoing_max == 2
    assert conditions(account(1, "anna")).outgoing_max is None
    dora = on("enreach/advanced", option("enreach", "ALLNET-VOIP", 3))
    assert conditions(dora).outgoing_max is None
    # A flatrate of the provider before no longer limits anything.
    moved = on("enreach/advanced", option("tgnet", "FLAT.DE", 2))
    assert conditions(moved).outgoing_max is None


def test_an_allowance_is_that_of_the_month_for_the_units_that_hold_that_day() -> None:
    paula = on(
        "plusnet/sip-trunk",
        option("plusnet", PACKAGE, 2),
        option("plusnet", PACKAGE, 4, begins=date(2026, 5, 20)),
        option("plusnet", PACKAGE, 8, begins=date(2026, 5, 21)),
        option("plusnet", PACKAGE, 16, ends=date(2026, 5, 20)),
        kind=AccountKind.PBX,
    )
    found = conditions(paula)
    assert found.allowances == [AllowanceTerms(PACKAGE, "2026-05", 6 * 100 * 60)]
    # In Berlin it is the 1st of June already.
    june = conditions(paula, at=datetime(2026, 5, 31, 22, 30, tzinfo=UTC))
    assert june.allowances == [AllowanceTerms(PACKAGE, "2026-06", 14 * 100 * 60)]
    # It does not pay for the fixed network.
    assert conditions(paula, "03023125900").allowances == ()


def test_the_admission_asks_for_what_the_conditions_say() -> None:
    paula = on("plusnet/sip-trunk", option("plusnet", PACKAGE), kind=AccountKind.PBX)
    found = conditions(paula)
    request = admit_request("c1", call(paula, MOBILE), device=None, conditions=found)
    assert request.allowances == found.allowances
    assert [claim.limit for claim in request.claims] == [None]
    anna = account(1, "anna", flatrates=2)
    limited = admit_request("c2", call(anna, MOBILE), device=None, conditions=conditions(anna))
    assert [claim.limit for claim in limited.claims] == [2]


def test_bookings_that_the_tariffs_do_not_have_are_named() -> None:
    accounts = [
        on("tgnet/gold"),
        on("nobody/account"),
        on("tgnet/account", option("tgnet", "GOLD"), option("tgnet", "PLUS")),
        account(
            4,
            "dora",
            subscription=Subscription((BookedPlan("tgnet", "account", DAY, None, "cheap"),)),
        ),
        account(5, "eva"),
    ]
    with pytest.raises(UnknownBooking) as unknown:
        check_bookings(Directory(default_domain="example.org", accounts=accounts), tariffs())
    assert str(unknown.value).splitlines() == [
        "account anna@example.org: there is no plan tgnet/gold",
        "account anna@example.org: there is no plan nobody/account",
        "account anna@example.org: tgnet has no option GOLD",
        "account dora@example.org: tgnet has no price list cheap",
    ]
