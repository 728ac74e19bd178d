"""What can be booked: plans and options of every provider, named as operators name them."""

from freiton.routing.directory import AccountKind
from freiton.storage.site_database import SiteError
from rating.pricing import Option, Plan, TariffPlan, Tariffs


class Offer:
    """The tariffs, seen by who books; whatever is not there is a SiteError that says what is."""

    def __init__(self, tariffs: Tariffs, *, provider: str) -> None:
        """Take `provider` from the settings: accounts without a booked plan are with it."""
        self._tariffs = tariffs
        self._provider = provider

    def plan(self, provider: str, plan_id: str) -> Plan:
        """Return a plan."""
        tariff = self._tariff(provider)
        plan = tariff.plans.get(plan_id)
        if plan is None:
            known = ", ".join(tariff.plans)
            raise SiteError(f"{provider} has no plan {plan_id}; it has {known}", field="plan")
        return plan

    def default_plan(self, kind: AccountKind) -> Plan:
        """Return the plan of an account that has booked none."""
        for plan in self._tariff(self._provider).plans.values():
            if plan.is_trunk is is_trunk(kind):
                return plan
        raise SiteError(
            f"{self._provider} has no plan {for_kind(kind)}; book one of another provider",
            field="plan",
        )

    def option(self, provider: str, option_id: str) -> Option:
        """Return an option."""
        options = self._tariff(provider).options
        option = options.get(option_id)
        if option is None:
            known = ", ".join(options) or "none"
            raise SiteError(
                f"{provider} has no option {option_id}; its options: {known}", field="option"
            )
        return option

    def flatrate(self, provider: str) -> str:
        """Return the option of a provider that limits how many calls are made at once."""
        options = self._tariff(provider).options.values()
        for option in options:
            if option.concurrent_calls is not None:
                return option.id
        known = ", ".join(option.id for option in options) or "none"
        raise SiteError(
            f"{provider} has no flatrate by the call; its options: {known}", field="option"
        )

    def check_price_list(self, provider: str, price_list: str | None) -> None:
        """Make sure that a contract can name this list; None stands for the default one."""
        known = dict.fromkeys(one.id for one in self._tariff(provider).price_lists)
        if price_list is not None and price_list not in known:
            raise SiteError(
                f"{provider} has no price list {price_list}; it has {', '.join(known)}",
                field="price_list",
            )

    def _tariff(self, provider: str) -> TariffPlan:
        tariff = self._tariffs.plans.get(provider)
        if tariff is None:
            known = ", ".join(sorted(self._tariffs.plans))
            raise SiteError(f"there is no provider {provider}; known: {known}", field="plan")
        return tariff


def is_trunk(kind: AccountKind) -> bool:
    """Return whether accounts of a kind need plans for SIP trunks."""
    return kind is AccountKind.PBX


def for_kind(kind: AccountKind) -> str:
    """Return for what accounts of a kind need a plan, in words."""
    return "for SIP trunk accounts" if is_trunk(kind) else "for accounts of telephones"
