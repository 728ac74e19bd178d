"""The user in the credentials of a trunk, where it is not the number that is registered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; empty means the user name, as before."""
    op.add_column("trunk", sa.Column("auth_user", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("trunk", "auth_user")
