"""What a change of tariffs means in money, over the calls that were made."""

from collections.abc import Iterable
from dataclasses import dataclass

from freiton.calls.subscriptions import subscription_of
from freiton.cli.desk import Desk
from rating.engine import RatedCall
from rating.pricing import Tariffs
from rating.replay import RecordedCall, Replay, by_account

TOTAL = "all"
UNPRICED = "(without a price before)"


@dataclass(slots=True)
class MoneyChange:
    """What the calls to one destination cost by both tariffs, gross."""

    destination: str
    calls: int = 0
    old_micros: int = 0
    new_micros: int = 0
    unpriced: int = 0
    """Calls that the new tariffs have no price for; they count with nothing."""

    def as_json(self) -> dict[str, object]:
        """Give the fields for programs."""
        return {
            "destination": self.destination,
            "calls": self.calls,
            "old_micros": self.old_micros,
            "new_micros": self.new_micros,
            "difference_micros": self.new_micros - self.old_micros,
            "unpriced": self.unpriced,
        }


def money_changes(
    desk: Desk, calls: Iterable[RecordedCall], before: Tariffs, after: Tariffs
) -> tuple[MoneyChange, ...]:
    """Rate calls by both tariffs; give what differs by destination, the sum of all calls last."""
    accounts = {str(account.id): account for account in desk.directory().accounts}
    table, provider = desk.numbering.prefix_table, desk.config.tariff.provider
    old_replay, new_replay = Replay(before, table), Replay(after, table)
    found: dict[str, MoneyChange] = {}
    total = MoneyChange(TOTAL)
    for account_id, of_account in by_account(calls).items():
        account = accounts.get(account_id)
        if account is None:
            continue
        old = old_replay.of(subscription_of(account, before, provider=provider))
        new = new_replay.of(subscription_of(account, after, provider=provider))
        for call in of_account:
            was, becomes = old.rate(call), new.rate(call)
            name = was.quote.destination if isinstance(was, RatedCall) else UNPRICED
            change = found.setdefault(name, MoneyChange(name))
            for one in (change, total):
                one.calls += 1
                one.old_micros += was.gross_micros if isinstance(was, RatedCall) else 0
                one.new_micros += becomes.gross_micros if isinstance(becomes, RatedCall) else 0
                one.unpriced += not isinstance(becomes, RatedCall)
    changed = [one for one in found.values() if one.old_micros != one.new_micros or one.unpriced]
    changed.sort(key=lambda one: -abs(one.new_micros - one.old_micros))
    return (*changed, total)
