"""Proven rights to show numbers of others, and what accounts and trunks decide about identities."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what is new; nothing of it is switched on."""
    op.create_table(
        "number_right",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "account_id",
            sa.Integer,
            sa.ForeignKey("account.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("verified_on", sa.Date, nullable=False),
        sa.Column("expires_on", sa.Date, nullable=False),
        sa.Column("is_business", sa.Boolean, nullable=False),
        sa.UniqueConstraint("account_id", "number"),
        sqlite_autoincrement=True,
    )
    for name in ("rejects_anonymous", "is_call_centre"):
        op.add_column("account", _flag(name))
    op.add_column("trunk", _flag("is_foreign"))
    op.add_column("trunk", sa.Column("profile", sa.String, nullable=False, server_default="plain"))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("trunk", "profile")
    op.drop_column("trunk", "is_foreign")
    for name in ("is_call_centre", "rejects_anonymous"):
        op.drop_column("account", name)
    op.drop_table("number_right")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
