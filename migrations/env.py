"""Runs migrations over the connection that `pms.schema` hands in."""

from alembic import context

_attributes = context.config.attributes

context.configure(
    connection=_attributes["connection"],
    target_metadata=_attributes.get("metadata"),
    render_as_batch=True,
    compare_type=True,
    render_item=_attributes.get("render_item"),
)
with context.begin_transaction():
    context.run_migrations()
