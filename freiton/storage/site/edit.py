"""All that can be changed in the site, in one transaction."""

from datetime import date

from sqlalchemy.orm import Session

from freiton.storage.secrets_box import SecretsBox
from freiton.storage.site.accounts import Accounts
from freiton.storage.site.customers import Customers, Domains
from freiton.storage.site.devices import Devices
from freiton.storage.site.numbers import Numbers
from freiton.storage.site.options import Bookable, Options
from freiton.storage.site.trunks import Trunks


class SiteEdit:
    """The rooms of the site, on one transaction."""

    def __init__(
        self,
        session: Session,
        box: SecretsBox,
        *,
        domains: tuple[str, ...],
        today: date,
        bookable: Bookable,
    ) -> None:
        """`domains` are those of the settings; `today` is the tariff calendar's date."""
        self.customers = Customers(session)
        self.domains = Domains(session, configured=domains)
        self.accounts = Accounts(session, self.customers, self.domains)
        self.devices = Devices(session, box)
        self.numbers = Numbers(session)
        self.options = Options(session, today=today, bookable=bookable)
        self.trunks = Trunks(session, box)
