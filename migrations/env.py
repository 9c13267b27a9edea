"""Alembic's entry: the connection is handed over in code; every room's rows are known."""

from importlib import import_module
from pathlib import Path

from alembic import context
from sqlmodel import SQLModel

import app

for models in sorted(Path(app.__file__ or "").parent.glob("*/models.py")):
    import_module(f"app.{models.parent.name}.models")
for plain in ("events", "install", "once", "put_off"):
    import_module(f"app.platform.{plain}")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=context.config.attributes.get("render_item"),
)
context.run_migrations()
