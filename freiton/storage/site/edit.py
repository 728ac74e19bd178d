"""All that can be changed in the site, in one transaction."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from freiton.config.trunk_profiles import TrunkPreset
from freiton.storage.secrets_box import SecretsBox
from freiton.storage.site.accounts import Accounts
from freiton.storage.site.customers import Customers, Domains
from freiton.storage.site.devices import Devices
from freiton.storage.site.number_rights import NumberRights
from freiton.storage.site.numbers import Numbers
from freiton.storage.site.offer import Offer
from freiton.storage.site.options import Options
from freiton.storage.site.plans import Plans
from freiton.storage.site.trunks import Trunks
from freiton.storage.site.watching import WatchRules


class SiteEdit:
    """The rooms of the site, on one transaction."""

    def __init__(
        self,
        session: Session,
        box: SecretsBox,
        *,
        domains: tuple[str, ...],
        today: date,
        offer: Offer,
        presets: Mapping[str, TrunkPreset],
    ) -> None:
        """`domains` are those of the settings; `today` is the tariff calendar's date."""
        self.customers = Customers(session)
        self.domains = Domains(session, configured=domains)
        self.plans = Plans(session, today=today, offer=offer)
        self.options = Options(session, self.plans, today=today, offer=offer)
        self.accounts = Accounts(session, self.customers, self.domains, self.plans)
        self.devices = Devices(session, box)
        self.numbers = Numbers(session)
        self.number_rights = NumberRights(session)
        self.watching = WatchRules(session)
        self.trunks = Trunks(session, box, self.domains, presets)
