"""What is on offer in the tests of the site, and what a booking there comes to."""

from __future__ import annotations

from datetime import date

from freiton.calls.subscriptions import subscription_of
from freiton.routing.directory import Account
from freiton.storage.site.offer import Offer
from tests.rating.shipped import tariffs

PROVIDER = "tgnet"


def offer(provider: str = PROVIDER) -> Offer:
    return Offer(tariffs(), provider=provider)


def calls_at_once(account: Account, day: date, provider: str = PROVIDER) -> int | None:
    """Say how many outgoing calls the booked flatrates allow on a day."""
    subscription = subscription_of(account, tariffs(), provider=provider)
    term = subscription.plan_on(day)
    assert term is not None
    return tariffs().plan(term.provider).concurrent_calls_max(day, subscription)
