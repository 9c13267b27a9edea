"""A plugin of pytest: people have one more column of their own, declared and nowhere else.

It has to come before anything of the product is read: the declaration is read with one line more.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

NAME: Final = "nickname"
_MODULE = "app.audience.own"
_BEFORE = "    timezone: Annotated["
_LINE = (
    f'    {NAME}: Annotated[str, Own(("nickname", "rufname"), "Annie", told=Told.OFFERED)] = ""\n'
)


def _declare() -> None:
    found = find_spec(_MODULE)
    assert found
    assert found.origin
    source = Path(found.origin).read_text(encoding="utf-8")
    assert source.count(_BEFORE) == 1
    module = ModuleType(_MODULE)
    sys.modules[_MODULE] = module
    exec(compile(source.replace(_BEFORE, _LINE + _BEFORE), found.origin, "exec"), vars(module))


_declare()
