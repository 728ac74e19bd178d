"""From the tables to the directory that the running switch decides from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sqlalchemy import MappingResult, RowMapping, select
from sqlalchemy.orm import Session

from freiton.config.trunk_profiles import TrunkPreset
from freiton.routing.directory import (
    Account,
    AccountKind,
    ChargingKind,
    Customer,
    Device,
    Directory,
    Handling,
    NumberBlock,
    NumberFormat,
    Trunk,
    TrunkKind,
)
from freiton.routing.trunk_profile import TrunkProfile
from freiton.storage.schema import (
    AccountRow,
    BlockRow,
    BookingRow,
    CustomerRow,
    DeviceRow,
    DomainRow,
    NumberRow,
    PlanRow,
    Table,
    TrunkRow,
)
from freiton.storage.secrets_box import SecretsBox
from freiton.storage.site.number_rights import read_number_rights
from freiton.storage.site.specs import parse_source
from freiton.storage.site.watching import read_watching
from freiton.storage.site_database import SiteError
from rating.pricing import BookedOption, BookedPlan, OriginKind, Subscription


def read_directory(
    session: Session,
    box: SecretsBox,
    *,
    domains: tuple[str, ...],
    local_hosts: Iterable[str],
    presets: Mapping[str, TrunkPreset],
) -> Directory:
    """Return the whole site; each table is read once."""
    plans: dict[int, list[BookedPlan]] = defaultdict(list)
    for term in _rows(session, PlanRow):
        plans[term["account_id"]].append(_plan(term))
    options: dict[int, list[BookedOption]] = defaultdict(list)
    for booking in _rows(session, BookingRow):
        options[booking["account_id"]].append(_option(booking))
    added = _rows(session, DomainRow)
    return Directory(
        default_domain=domains[0],
        domains=(*domains, *sorted(row["name"] for row in added)),
        local_hosts=local_hosts,
        customers=[Customer(id=row["id"], name=row["name"]) for row in _rows(session, CustomerRow)],
        accounts=[
            _account(row, Subscription(tuple(plans[row["id"]]), tuple(options[row["id"]])))
            for row in _rows(session, AccountRow)
        ],
        devices=[_device(row) for row in _rows(session, DeviceRow)],
        numbers={row["number"]: row["account_id"] for row in _rows(session, NumberRow)},
        blocks=[
            NumberBlock(
                account_id=row["account_id"],
                prefix=row["prefix"],
                extension_digits=row["extension_digits"],
            )
            for row in _rows(session, BlockRow)
        ],
        number_rights=read_number_rights(session),
        trunks=read_trunks(session, box, presets),
        watching=read_watching(session),
    )


def read_trunks(
    session: Session, box: SecretsBox, presets: Mapping[str, TrunkPreset]
) -> list[Trunk]:
    """Return the trunks alone; raises SiteError when one has a profile that does not exist."""
    return [_trunk(row, box, presets) for row in _rows(session, TrunkRow)]


def _rows(session: Session, table: type[Table]) -> MappingResult:
    """Read a table in the order it was filled; plain rows cost a tenth of mapped objects."""
    columns = table.__table__
    return session.execute(select(columns).order_by(*columns.primary_key)).mappings()


def _plan(row: RowMapping) -> BookedPlan:
    return BookedPlan(
        provider=row["provider"],
        plan_id=row["plan"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        price_list=row["price_list"],
    )


def _option(row: RowMapping) -> BookedOption:
    return BookedOption(
        option_id=row["option"],
        count=row["count"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        ordered_on=row["ordered_on"],
        provider=row["provider"],
    )


def _account(row: RowMapping, subscription: Subscription) -> Account:
    return Account(
        id=row["id"],
        customer_id=row["customer_id"],
        name=row["name"],
        domain=row["domain"],
        kind=AccountKind(row["kind"]),
        country_code=row["country_code"],
        area_code=row["area_code"],
        main_number=row["main_number"],
        subscription=subscription,
        contacts_max=row["contacts_max"],
        channels=row["channels"],
        charging=ChargingKind(row["charging"]),
        daily_limit_micros=row["daily_limit_micros"],
        premium_allowed=row["premium_allowed"],
        non_eu_allowed=row["non_eu_allowed"],
        clir=row["clir"],
        rejects_anonymous=row["rejects_anonymous"],
        is_call_centre=row["is_call_centre"],
        channel_refusal_status=row["channel_refusal_status"],
        credit_refusal_status=row["credit_refusal_status"],
        short_numbers=MappingProxyType(row["short_numbers"]),
        algorithms=tuple(row["algorithms"]),
        ring_s=row["ring_s"],
        language=row["language"],
        enabled=row["enabled"],
    )


def _device(row: RowMapping) -> Device:
    return Device(
        id=row["id"],
        account_id=row["account_id"],
        auth_user=row["auth_user"],
        realm=row["realm"],
        ha1_md5=row["ha1_md5"],
        ha1_sha256=row["ha1_sha256"],
        origin=OriginKind(row["origin"]),
        enabled=row["enabled"],
    )


def _profile(row: RowMapping, presets: Mapping[str, TrunkPreset]) -> TrunkProfile:
    preset = presets.get(row["profile"])
    if preset is None:
        raise SiteError(f"trunk {row['name']}: there is no profile {row['profile']}")
    return preset.profile


def _trunk(row: RowMapping, box: SecretsBox, presets: Mapping[str, TrunkPreset]) -> Trunk:
    return Trunk(
        id=row["id"],
        name=row["name"],
        kind=TrunkKind(row["kind"]),
        host=row["host"],
        port=row["port"],
        transport=row["transport"],
        listener=row["listener"],
        domain=row["domain"],
        username=row["username"],
        auth_user=row["auth_user"],
        secret=box.decrypt(row["secret"]),
        realm=row["realm"],
        expires_s=row["expires_s"],
        priority=row["priority"],
        weight=row["weight"],
        channels=row["channels"],
        reserved_for_emergency=row["reserved_for_emergency"],
        is_emergency=row["is_emergency"],
        asserted_number=row["asserted_number"],
        sources=tuple(parse_source(text) for text in row["sources"]),
        number_format=NumberFormat(row["number_format"]),
        sends_asserted_identity=row["sends_asserted_identity"],
        is_foreign=row["is_foreign"],
        profile=_profile(row, presets),
        limit_refusal_status=row["limit_refusal_status"],
        handling=Handling(row["handling"]),
        enabled=row["enabled"],
    )
