"""PNG of a drawing, by resvg: no browser, no system library, nothing fetched.

It holds the interpreter for a tenth of a second, in which no click is answered: where clicks are,
`drawer` asks for it from a child.
"""

from functools import cache

from app.platform.errors import Conflict

_SHARP = 2  # pixels of the picture to one of the drawing
_LETTER = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    '<text x="2" y="16" font-size="16" font-family="sans-serif">M</text></svg>'
)
_BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"></svg>'
NO_LETTERS = (
    "This machine has no font, so a picture would be without its words: let one be installed"
    " (Debian: fonts-dejavu-core)."
)
_AS_SVG = f"{NO_LETTERS} Or take the drawing as SVG."


def png(drawn: str) -> bytes:
    """The picture, twice as sharp. Raises Conflict where the machine has no letters."""
    if not has_letters():
        raise Conflict(_AS_SVG)
    return _pixels(drawn, _SHARP)


@cache
def has_letters() -> bool:
    """Whether words can be drawn: some images of containers have no font at all."""
    return _pixels(_LETTER, 1) != _pixels(_BLANK, 1)


def _pixels(drawn: str, zoom: int) -> bytes:
    import resvg_py  # noqa: PLC0415  # three megabytes that most processes never need

    return resvg_py.svg_to_bytes(svg_string=drawn, zoom=zoom, background="#ffffff")
