"""A drawing with its title and notes, standing by itself: SVG without percent, class or style."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from xml.etree import ElementTree as ET

from app.platform.pictures.colours import DRAWN, Sheet, sheet

WIDE = 720.0  # pixels of the drawing itself
_EDGE = 24.0
_LINE = 18.0  # of text
_LETTERS = 104  # that fit into a line
_MARK = 14.0  # the largest that a picture of single marks is drawn at
_NAMESPACE = "http://www.w3.org/2000/svg"
_ACROSS = frozenset({"x", "x1", "x2", "cx", "width"})
_DOWN = frozenset({"y", "y1", "y2", "cy", "height"})
_OWN = frozenset({"rx", "r", "text-anchor"})
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIGURE = re.compile(r"<figure\b.*?</figure>", re.DOTALL)
_DOT = re.compile(r"M([\d.]+) ([\d.]+)h0")


@dataclass(frozen=True, slots=True)
class Frame:
    """Where something is drawn: from here, so wide, and how large one of its units is."""

    x: float
    y: float
    width: float
    height: float
    across: float = 1.0
    down: float = 1.0

    def length(self, name: str, written: str) -> float:
        """A length or place, in pixels of the file."""
        whole, unit, start = (
            (self.width, self.across, self.x) if name in _ACROSS
            else (self.height, self.down, self.y)
        )  # fmt: skip
        start = 0.0 if name in {"width", "height"} else start
        if written.endswith("%"):
            return start + whole * float(written[:-1]) / 100
        return start + unit * float(written)

    def place(self, x: str, y: str) -> tuple[float, float]:
        """Both."""
        return self.length("x", x), self.length("y", y)


def standing(drawn: str, *, title: str, notes: Sequence[str]) -> str:
    """The first drawing in a page's part, with its words, as a file. Raises ValueError of none."""
    part = _FIGURE.search(drawn)
    if part is None:
        raise ValueError("nothing is drawn here")
    figure = ET.fromstring(_UNWRITABLE.sub("", part[0]))  # noqa: S314  # our own template's
    title, *notes = (_UNWRITABLE.sub("", words) for words in (title, *notes))
    picture, worn = figure.find("svg"), figure.get("class", "").split()
    assert picture is not None  # every figure of ours holds a drawing
    height = _height(picture)
    head = wrap(title, _LETTERS) or [""]
    foot = [line for note in notes for line in wrap(note, _LETTERS)]
    top = _EDGE + _LINE * len(head) + 12
    whole = top + height + 16 + _LINE * len(foot) + _EDGE
    root = ET.Element("svg", {
        "xmlns": _NAMESPACE, "width": f"{WIDE + 2 * _EDGE:g}", "height": f"{whole:g}",
        "viewBox": f"0 0 {WIDE + 2 * _EDGE:g} {whole:g}", "role": "img", "aria-label": title,
    })  # fmt: skip
    look, colours = sheet(), _colours()
    ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": colours["--sheet"]})
    root.extend(_lines(head, _EDGE + 12, colours["--ink"], weight="700"))
    box = _units(picture, Frame(_EDGE, top, WIDE, height))
    root.extend(_flat(picture, box, look, _set(look.own(worn))))
    root.extend(_lines(foot, top + height + 28, colours["--ink-soft"]))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _colours() -> Mapping[str, str]:
    return sheet().tokens


def _lines(
    said: Sequence[str], first: float, colour: str, weight: str = "400"
) -> Iterator[ET.Element]:
    for number, line in enumerate(said):
        one = ET.Element("text", {
            "x": f"{_EDGE:g}", "y": f"{first + _LINE * number:g}", "fill": colour,
            "font-size": "13", "font-weight": weight, "font-family": _colours()["--sans"],
        })  # fmt: skip
        one.text = line
        yield one


def _height(picture: ET.Element) -> float:
    """As high as on the page; what has no height of its own keeps its shape."""
    if written := picture.get("height"):
        return float(written)
    _, _, wide, high = (float(part) for part in picture.attrib["viewBox"].split())
    if picture.get("preserveAspectRatio") == "none":
        return high * min(_MARK, WIDE / wide)
    return WIDE * high / wide


def _units(picture: ET.Element, box: Frame) -> Frame:
    """The same place, measured as the drawing measures itself."""
    if "viewBox" not in picture.attrib:
        return box
    _, _, wide, high = (float(part) for part in picture.attrib["viewBox"].split())
    across, down = box.width / wide, box.height / high
    if "height" not in picture.attrib and picture.get("preserveAspectRatio") == "none":
        across = down = min(across, down)  # single marks: as far apart to the right as downwards
    return replace(box, across=across, down=down)


def _flat(parent: ET.Element, box: Frame, look: Sheet, around: dict[str, str]) -> list[ET.Element]:
    """Everything inside, one after another, each with its own colours."""
    found: list[ET.Element] = []
    for child in parent:
        own = look.own(child.get("class", "").split())
        here = around | _set(own)
        if child.tag == "svg":
            x, y = box.place(child.attrib["x"], child.attrib["y"])
            wide = box.length("width", child.attrib["width"])
            high = box.length("height", child.attrib["height"])
            found += _flat(child, _units(child, Frame(x, y, wide, high)), look, here)
        elif child.tag == "g":
            found += _flat(child, box, look, here)
        else:
            found.append(_one(child, box, look, own, here))
    return found


def _set(own: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in own.items() if name.startswith("--")}


def _one(
    element: ET.Element, box: Frame, look: Sheet, own: Mapping[str, str], around: dict[str, str]
) -> ET.Element:
    drawn = {name: look.value(own[name], around) for name in DRAWN if name in own}
    if "font-weight" in drawn:
        drawn["font-weight"] = "700"  # few fonts have what lies between
    one = ET.Element(element.tag, {name: value for name, value in drawn.items() if value})
    one.text = element.text
    for name, written in element.attrib.items():
        if name in _ACROSS | _DOWN:
            one.set(name, f"{box.length(name, written):.2f}".rstrip("0").rstrip("."))
        elif name == "points":
            one.set(name, " ".join(_point(box, pair) for pair in written.split()))
        elif name == "d":
            one.set(name, _DOT.sub(lambda found: _dot(box, found), written))
        elif name in _OWN:
            one.set(name, written)
    return one


def _point(box: Frame, pair: str) -> str:
    x, y = box.place(*pair.split(","))
    return f"{x:.2f},{y:.2f}"


def _dot(box: Frame, found: re.Match[str]) -> str:
    """A line of almost no length: some programs draw none of no length."""
    x, y = box.place(found[1], found[2])
    return f"M{x:.2f} {y:.2f}h.01"
