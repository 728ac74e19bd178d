"""How calls over a trunk are handled: joined and charged as before, or passed on by a proxy."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; every trunk goes on as a carrier whose calls are charged."""
    op.add_column("trunk", sa.Column("handling", sa.String, nullable=False, server_default="b2bua"))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("trunk", "handling")
