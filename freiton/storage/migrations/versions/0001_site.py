"""The first tables: customers, domains, accounts with what belongs to them, trunks.

Columns stand here as they were then; later migrations change them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_table("domain", sa.Column("name", sa.String, primary_key=True))
    _account()
    _belongings()
    _trunk()


def downgrade() -> None:
    """Drop the tables with all they hold."""
    for table in (
        "trunk",
        "device",
        "option_booking",
        "number_block",
        "number",
        "account",
        "domain",
        "customer",
    ):
        op.drop_table(table)


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "customer_id", sa.Integer, sa.ForeignKey("customer.id"), nullable=False, index=True
        ),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("domain", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("country_code", sa.String, nullable=False),
        sa.Column("area_code", sa.String, nullable=False),
        sa.Column("main_number", sa.String),
        sa.Column("contacts_max", sa.Integer, nullable=False),
        sa.Column("channels", sa.Integer),
        sa.Column("charging", sa.String, nullable=False),
        sa.Column("daily_limit_micros", sa.Integer, nullable=False),
        sa.Column("premium_allowed", sa.Boolean, nullable=False),
        sa.Column("non_eu_allowed", sa.Boolean, nullable=False),
        sa.Column("clir", sa.Boolean, nullable=False),
        sa.Column("channel_refusal_status", sa.Integer, nullable=False),
        sa.Column("credit_refusal_status", sa.Integer, nullable=False),
        sa.Column("short_numbers", sa.JSON, nullable=False),
        sa.Column("algorithms", sa.JSON, nullable=False),
        sa.Column("ring_s", sa.Integer, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.UniqueConstraint("name", "domain"),
        sqlite_autoincrement=True,
    )


def _account_id() -> sa.Column[int]:
    return sa.Column(
        "account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True
    )


def _belongings() -> None:
    op.create_table(
        "number",
        sa.Column("id", sa.Integer, primary_key=True),
        _account_id(),
        sa.Column("number", sa.String, nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "number_block",
        sa.Column("id", sa.Integer, primary_key=True),
        _account_id(),
        sa.Column("prefix", sa.String, nullable=False, unique=True),
        sa.Column("extension_digits", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "option_booking",
        sa.Column("id", sa.Integer, primary_key=True),
        _account_id(),
        sa.Column("option", sa.String, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("ordered_on", sa.Date, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Integer, primary_key=True),
        _account_id(),
        sa.Column("auth_user", sa.String, nullable=False),
        sa.Column("realm", sa.String, nullable=False),
        sa.Column("ha1_md5", sa.String, nullable=False),
        sa.Column("ha1_sha256", sa.String, nullable=False),
        sa.Column("password", sa.LargeBinary, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.UniqueConstraint("auth_user", "realm"),
        sqlite_autoincrement=True,
    )


def _trunk() -> None:
    op.create_table(
        "trunk",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("transport", sa.String, nullable=False),
        sa.Column("listener", sa.String, nullable=False),
        sa.Column("domain", sa.String, nullable=False),
        sa.Column("username", sa.String, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("realm", sa.String, nullable=False),
        sa.Column("expires_s", sa.Integer, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("reserved_for_emergency", sa.Integer, nullable=False),
        sa.Column("is_emergency", sa.Boolean, nullable=False),
        sa.Column("asserted_number", sa.String),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("number_format", sa.String, nullable=False),
        sa.Column("sends_asserted_identity", sa.Boolean, nullable=False),
        sa.Column("limit_refusal_status", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
