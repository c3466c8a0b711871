"""Runs the migrations on the connection that it is given, within its transaction."""

from alembic import context
from sqlmodel import SQLModel

from ourvidz.library import tables as _tables  # noqa: F401

context.configure(
    connection=context.config.attributes['connection'],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
