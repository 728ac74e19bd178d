"""Who may watch whom, and lists of lamps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables, empty: colleagues may watch each other, and nobody sees with whom."""
    op.create_table(
        "watch_setting",
        _account("account_id", primary_key=True),
        sa.Column("watched_by", sa.String, nullable=False),
        sa.Column("shows_remote", sa.Boolean, nullable=False),
    )
    op.create_table(
        "watch_verdict",
        _account("account_id", primary_key=True),
        _account("watcher_id", primary_key=True),
        sa.Column("is_allowed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "lamp_list",
        sa.Column("id", sa.Integer, primary_key=True),
        _account("account_id"),
        sa.Column("name", sa.String, nullable=False),
        sa.UniqueConstraint("account_id", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lamp",
        sa.Column(
            "list_id",
            sa.Integer,
            sa.ForeignKey("lamp_list.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("place", sa.Integer, primary_key=True),
        _account("account_id"),
    )


def downgrade() -> None:
    """Forget them."""
    for table in ("lamp", "lamp_list", "watch_verdict", "watch_setting"):
        op.drop_table(table)


def _account(name: str, *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        name,
        sa.Integer,
        sa.ForeignKey("account.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
