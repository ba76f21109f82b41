"""Alembic's entry: runs the steps on the connection that it was given."""

from alembic import context

from inventory.state import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=False,  # the state store's own transaction holds all steps together
)
context.run_migrations()
