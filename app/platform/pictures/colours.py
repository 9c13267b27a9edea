"""How our style sheet draws a class, in the light: asked once, and written into files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.platform import paths

DRAWN = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
    "opacity", "font-size", "font-weight", "font-family",
)  # fmt: skip
_COMMENT = re.compile(r"/\*(?:(?!/\*|\*/).)*\*/", re.DOTALL)
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_RULE = re.compile(r"^[ \t]*((?:\.[\w-]+)+|:root)[ \t]*\{([^{}]*)\}", re.MULTILINE)
_LIGHT = re.compile(r"light-dark\(([^,()]*(?:\([^()]*\))?[^,()]*),(?:[^()]|\([^()]*\))*\)")
_VARIABLE = re.compile(r"var\((--[\w-]+)(?:,\s*((?:[^()]|\([^()]*\))*))?\)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rules of single classes (or of several of one element), and what they set anew."""

    rules: tuple[tuple[frozenset[str], Mapping[str, str]], ...]
    tokens: Mapping[str, str]

    def own(self, classes: Sequence[str]) -> dict[str, str]:
        """Everything that is said of an element with these classes; the closer rule wins."""
        worn, said = frozenset(classes), dict[str, str]()
        fitting = [(names, rule) for names, rule in self.rules if names <= worn]
        for _, rule in sorted(fitting, key=lambda one: len(one[0])):
            said |= rule
        return said

    def value(self, written: str, around: Mapping[str, str]) -> str:
        """With what its variables stand for, here."""

        def stands_for(found: re.Match[str]) -> str:
            name, otherwise = found[1], found[2] or ""
            return self.value(around.get(name) or self.tokens.get(name) or otherwise, around)

        return _VARIABLE.sub(stands_for, written).strip()


@cache
def sheet() -> Sheet:
    """Read from our own files."""
    folder = paths.STATIC / "css"
    return sheet_of("\n".join(path.read_text() for path in sorted(folder.glob("*.css"))))


def sheet_of(css: str) -> Sheet:
    """What a style sheet says of classes; widths of screens and hovering are none of a file's."""
    plain = _LIGHT.sub(r"\1", _MEDIA.sub("", _COMMENT.sub("", css)))
    rules = [(found[1], _declared(found[2])) for found in _RULE.finditer(plain)]
    return Sheet(
        tuple((frozenset(names.split(".")[1:]), said) for names, said in rules if names[0] == "."),
        {name: value for names, said in rules if names == ":root" for name, value in said.items()},
    )


def _declared(body: str) -> dict[str, str]:
    parts = (part.partition(":") for part in body.split(";"))
    return {name.strip(): value.strip() for name, _, value in parts if value}
