"""Run by Alembic: applies the revisions on the connection that `edge_api.db` hands over."""

from alembic import context

from edge_api.migrations import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    render_as_batch=True,
)
context.run_migrations()
