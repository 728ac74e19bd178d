"""Alembic's entry: runs the migrations on the connection that the site store hands over."""

from alembic import context

from freiton.storage.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
context.run_migrations()
