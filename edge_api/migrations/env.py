"""Run by Alembic: applies the revisions on the connection that `edge_api.db` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    render_as_batch=True,
)
context.run_migrations()
