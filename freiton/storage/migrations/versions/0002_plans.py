"""Plans of providers per account; whose an option is; from what kind of access a device calls.

Options that were booked before are those of the provider in the settings: there was no other.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new; every account goes on with the default plan of its kind."""
    op.create_table(
        "plan_booking",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("plan", sa.String, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("price_list", sa.String),
        sa.UniqueConstraint("account_id", "valid_from"),
        sqlite_autoincrement=True,
    )
    # A column with a default is added in place; copying the table would forget which ids were used.
    op.add_column(
        "option_booking", sa.Column("provider", sa.String, nullable=False, server_default="")
    )
    bookings = sa.table("option_booking", sa.column("provider"))
    op.execute(bookings.update().values(provider=context.config.attributes["provider"]))
    op.add_column("device", sa.Column("origin", sa.String, nullable=False, server_default="voip"))


def downgrade() -> None:
    """Forget plans and origins."""
    op.drop_column("device", "origin")
    op.drop_column("option_booking", "provider")
    op.drop_table("plan_booking")
