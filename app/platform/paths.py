"""Where the files that ship with the code are: beside it in a checkout, inside it in a wheel."""

from pathlib import Path

_APP = Path(__file__).resolve().parent.parent
_SHIPPED = _APP / "_shipped"
_ROOT = _SHIPPED if _SHIPPED.is_dir() else _APP.parent

TEMPLATES = _ROOT / "templates"
MIGRATIONS = _ROOT / "migrations"
STATIC = _APP / "web" / "static"
