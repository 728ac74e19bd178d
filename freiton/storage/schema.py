"""The tables of the site. `migrations/` makes them; a test holds the two equal.

Ids are never used twice (AUTOINCREMENT): the charging log remembers accounts longer than the site.
Money is in millionths of a euro, numbers are E.164 text, days are local dates of the tariff.
"""

from datetime import date
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, MetaData, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA_VERSION: Final = "0006"
"""The number of the newest migration."""

CONSTRAINT_NAMES: Final = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """The base of all tables; constraints have names, so that migrations can change them."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    __table_args__: Any = ({"sqlite_autoincrement": True},)


class CustomerRow(Table):
    """A tenant."""

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class DomainRow(Table):
    """A domain that the switch answers for, besides those of its settings."""

    __tablename__ = "domain"

    name: Mapped[str] = mapped_column(primary_key=True)


class AccountRow(Table):
    """A SIP account."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("name", "domain"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    name: Mapped[str]
    domain: Mapped[str]
    kind: Mapped[str]
    country_code: Mapped[str]
    area_code: Mapped[str]
    main_number: Mapped[str | None]
    contacts_max: Mapped[int]
    channels: Mapped[int | None]
    charging: Mapped[str]
    daily_limit_micros: Mapped[int]
    premium_allowed: Mapped[bool]
    non_eu_allowed: Mapped[bool]
    clir: Mapped[bool]
    rejects_anonymous: Mapped[bool] = mapped_column(server_default=false())
    is_call_centre: Mapped[bool] = mapped_column(server_default=false())
    channel_refusal_status: Mapped[int]
    credit_refusal_status: Mapped[int]
    short_numbers: Mapped[dict[str, str]] = mapped_column(JSON)
    algorithms: Mapped[list[str]] = mapped_column(JSON)
    ring_s: Mapped[int]
    language: Mapped[str]
    enabled: Mapped[bool]

    customer: Mapped[CustomerRow] = relationship()
    plans: Mapped[list["PlanRow"]] = relationship(
        cascade="all, delete-orphan", order_by="PlanRow.valid_from"
    )
    bookings: Mapped[list["BookingRow"]] = relationship(
        cascade="all, delete-orphan", order_by="BookingRow.id"
    )
    devices: Mapped[list["DeviceRow"]] = relationship(
        cascade="all, delete-orphan", order_by="DeviceRow.id", back_populates="account"
    )
    numbers: Mapped[list["NumberRow"]] = relationship(
        cascade="all, delete-orphan", order_by="NumberRow.id", back_populates="account"
    )
    blocks: Mapped[list["BlockRow"]] = relationship(
        cascade="all, delete-orphan", order_by="BlockRow.id", back_populates="account"
    )


class NumberRow(Table):
    """A single number of an account."""

    __tablename__ = "number"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)

    account: Mapped[AccountRow] = relationship(back_populates="numbers")


class BlockRow(Table):
    """A block of extensions of an account."""

    __tablename__ = "number_block"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    extension_digits: Mapped[int]

    account: Mapped[AccountRow] = relationship(back_populates="blocks")


class NumberRightRow(Table):
    """The proof that an account may show a number of somebody else."""

    __tablename__ = "number_right"
    __table_args__ = (UniqueConstraint("account_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    number: Mapped[str]
    document: Mapped[str]
    verified_on: Mapped[date]
    expires_on: Mapped[date]
    is_business: Mapped[bool]


class PlanRow(Table):
    """A plan of a provider for one term of the contract; past terms stay, calls are rated anew.

    Before its first term an account is on the default plan of the settings. `price_list` is the one
    picked in the contract, where the provider has several at once.
    """

    __tablename__ = "plan_booking"
    __table_args__ = (UniqueConstraint("account_id", "valid_from"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    provider: Mapped[str]
    plan: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    price_list: Mapped[str | None]


class BookingRow(Table):
    """Units of an option as they were ordered; an ended booking stays, past months need it."""

    __tablename__ = "option_booking"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    provider: Mapped[str] = mapped_column(server_default="")  # empty only while it is migrated
    option: Mapped[str]
    count: Mapped[int]
    ordered_on: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class DeviceRow(Table):
    """A device with its digests, and its password encrypted for provisioning."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("auth_user", "realm"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    auth_user: Mapped[str]
    realm: Mapped[str]
    ha1_md5: Mapped[str]
    ha1_sha256: Mapped[str]
    password: Mapped[bytes]
    origin: Mapped[str] = mapped_column(server_default="voip")
    enabled: Mapped[bool]

    account: Mapped[AccountRow] = relationship(back_populates="devices")


class TrunkRow(Table):
    """A way to and from a carrier; its secret is encrypted."""

    __tablename__ = "trunk"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    host: Mapped[str]
    port: Mapped[int]
    transport: Mapped[str]
    listener: Mapped[str]
    domain: Mapped[str]
    username: Mapped[str]
    auth_user: Mapped[str] = mapped_column(server_default="")
    secret: Mapped[bytes]
    realm: Mapped[str]
    expires_s: Mapped[int]
    priority: Mapped[int]
    weight: Mapped[int]
    channels: Mapped[int]
    reserved_for_emergency: Mapped[int]
    is_emergency: Mapped[bool]
    asserted_number: Mapped[str | None]
    sources: Mapped[list[str]] = mapped_column(JSON)
    number_format: Mapped[str]
    sends_asserted_identity: Mapped[bool]
    is_foreign: Mapped[bool] = mapped_column(server_default=false())
    profile: Mapped[str] = mapped_column(server_default="plain")
    limit_refusal_status: Mapped[int]
    handling: Mapped[str] = mapped_column(server_default="b2bua")
    enabled: Mapped[bool]
