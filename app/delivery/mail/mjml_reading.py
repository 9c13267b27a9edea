"""MJML read once, from its beginning to its end: what may stand there is written anew.

Names, places and attributes are checked, links are numbered, the text part is put together. What
is wrong is said with its line and with what to do. It takes as long as the source.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from itertools import accumulate

from app.delivery.mail import marks
from app.delivery.mail.link_book import LinkBook
from app.delivery.mail.mjml_known import (
    ANY,
    ATTRIBUTES,
    EVERYWHERE,
    HTML,
    HTML_ATTRIBUTES,
    INSIDE,
    INSTEAD,
    LINKS,
    PICTURES,
    SAYS,
    VOID,
    WORDS,
)
from app.delivery.mail.mjml_styles import loads
from app.delivery.mail.mjml_text import TextPart

_Attributes = Sequence[tuple[str, str | None]]
_DEEPEST = 32  # elements in one another: the engine ends its process at some thousands
_MOST_FAULTS = 10
_PLAIN = re.compile(r"[ !#-\[\]-~]*")  # the engine writes any other sign of an attribute in Rust's


class Unreadable(Exception):
    """There is no reading on from here."""


@dataclass
class _Open:
    """An element that has not ended: where it began, and what its link needs of its words."""

    tag: str
    line: int
    attributes: dict[str, str]
    place: int  # of its beginning among what is written
    said: int  # pieces of the text part before it


class Reader(HTMLParser):
    """Reads one body."""

    def __init__(self, liquid: marks.Protected, book: LinkBook) -> None:
        super().__init__(convert_charrefs=False)
        self.liquid, self.faults, self.text = liquid, list[str](), TextPart()
        self.has_body = False
        self._book = book
        self._out: list[str] = []
        self._open: list[_Open] = []
        self._values: list[str] = []
        self._key = "zz"  # what stands in the place of a value that the engine would write anew
        while self._key in liquid.text:
            self._key += "z"
        lines = (len(line) + 1 for line in liquid.text.split("\n"))
        self._starts = [0, *accumulate(lines)]
        self._breaks = liquid.breaks()

    @property
    def written(self) -> str:
        """What the engine is given."""
        return "".join(self._out)

    def read(self) -> None:
        """All of it. Raises Unreadable where there is no reading on."""
        self.feed(self.liquid.text)
        self.close()
        if self._open:
            one = self._open[-1]
            raise Unreadable(f"Line {one.line}: <{one.tag}> is not closed: add </{one.tag}>.")

    def values_placed(self, made: str) -> str:
        """What was made, with the values in their places."""
        first, *others = made.split(self._key)
        pieces = [first]
        for other in others:
            number, _, behind = other.partition("y")
            pieces += (escape(self._values[int(number)]), behind)
        return "".join(pieces)

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        """An element begins."""
        self._begin(tag, attrs, is_alone=tag in VOID)

    def handle_startendtag(self, tag: str, attrs: _Attributes) -> None:
        """An element that ends at once."""
        self._begin(tag, attrs, is_alone=True)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag in VOID:
            return
        if not self._open or self._open[-1].tag != tag:
            inner = f": <{self._open[-1].tag}> is to be closed first" if self._open else ""
            raise Unreadable(f"Line {self._line()}: </{tag}> closes nothing{inner}.")
        self._out.append(f"</{tag}>")
        self._end(self._open.pop())

    def handle_data(self, data: str) -> None:
        """Words, Liquid, or space."""
        parent = self._open[-1].tag if self._open else ""
        if parent == "mj-style":
            self._style(data)
        elif self._is_words():
            self._out.append(data.replace("&", "&amp;").replace("<", "&lt;"))
            self.text.say(data)
        elif data.strip():
            self._between(parent, data)

    def handle_entityref(self, name: str) -> None:
        """A sign by its name."""
        self._sign(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """A sign by its number."""
        self._sign(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        """Nothing is declared here."""
        self._fault(f"<!{decl[:20]} has no place here: begin with <mjml>")

    def unknown_decl(self, data: str) -> None:
        """Nor is anything marked as characters."""
        self._fault(f"<![{data[:20]} has no place here: write the words into mj-text")

    def _sign(self, written: str) -> None:
        if self._is_words():
            self._out.append(written)
            self.text.say(unescape(written).replace("\xa0", " "))
        else:
            self._fault(f"{written} stands outside of mj-text: put it inside of one")

    def _between(self, parent: str, data: str) -> None:
        """Liquid between elements goes where it stands; words have no place there."""
        if not marks.TAGS_ALONE.fullmatch(data) or "mj-raw" not in INSIDE.get(parent, ()):
            words = self.liquid.restore(" ".join(data.split()))[:40]
            self._fault(f"“{words}” stands outside of mj-text: put it inside of one")
            return
        tag = self._around(data, parent)
        self._out += (f"<{tag}>", data.strip(), f"</{tag}>")
        self.text.put(data.strip())

    def _around(self, data: str, parent: str) -> str:
        """What draws is content of its column, what loops or asks is none."""
        pieces = (self.liquid.pieces[int(found[2])] for found in marks.LIQUID.finditer(data))
        draws = any(re.match(r"\{%-?\s*chart\b", piece) for piece in pieces)
        return "mj-text" if draws and parent in {"mj-column", "mj-hero"} else "mj-raw"

    def _style(self, data: str) -> None:
        if marks.LIQUID.search(data):
            self._fault("Liquid has no place in mj-style: write the styles out")
        else:
            self._out.append(data.replace("<", ""))

    def _begin(self, tag: str, attrs: _Attributes, *, is_alone: bool) -> None:
        if len(self._open) >= _DEEPEST:
            raise Unreadable(
                f"Line {self._line()}: <{tag}> is nested too deep: {_DEEPEST} elements in one"
                " another at most."
            )
        if not self._may_stand(tag):
            self._skip(tag, is_alone=is_alone)
            return
        one = _Open(tag, self._line(), self._checked(tag, attrs), len(self._out), len(self.text))
        self.has_body = self.has_body or tag == "mj-body"
        self._out.append("" if tag in LINKS else self._tag(one, is_alone=is_alone))
        self.text.begin(tag)
        if is_alone:
            self._end(one, is_alone=True)
        else:
            self._open.append(one)

    def _skip(self, tag: str, *, is_alone: bool) -> None:
        """What may not stand here was said; its inside is looked at all the same."""
        if not is_alone:
            self._open.append(_Open(tag, self._line(), {}, len(self._out), len(self.text)))

    def _end(self, one: _Open, *, is_alone: bool = False) -> None:
        """Of a link, its address is known now that its words are."""
        if one.tag in {"mj-image", "img"} and "alt" in one.attributes:
            self.text.say(one.attributes["alt"])
        if one.tag in LINKS:
            self._link(one)
            self._out[one.place] = self._tag(one, is_alone=is_alone)
        if one.tag == "mj-style" and loads("".join(self._out[one.place :])):
            self._fault(
                "mj-style loads something: pictures stand in mj-image, fonts in font-family"
            )
        self.text.end(one.tag)

    def _link(self, one: _Open) -> None:
        href = one.attributes.get("href")
        if href is None:
            return
        if any(outer.tag in LINKS for outer in self._open):
            self._fault(f"<{one.tag}> is a link inside of a link: close the outer one first")
            return
        words = self.text.since(one.said)
        title = one.attributes.get("title", "")
        address = self._book.address(href, text=words, title=title)
        one.attributes["href"] = address
        self.text.put(f" <{address}>" if words else f"<{address}>")

    def _may_stand(self, tag: str) -> bool:
        parent = self._open[-1].tag if self._open else ""
        if tag in (HTML if self._is_words() else INSIDE.get(parent, ())):
            return True
        if tag in INSTEAD:
            self._fault(f"<{tag}> cannot be used here. {INSTEAD[tag].removesuffix('.')}")
        elif tag in ATTRIBUTES:
            holds = INSIDE.keys() - {"", "mj-attributes"}
            places = sorted(outer for outer in holds if tag in INSIDE[outer])
            self._fault(f"<{tag}> stands in {' or '.join(places)}, not in {parent or 'nothing'}")
        elif tag in HTML:
            self._fault(f"<{tag}> stands outside of mj-text: put it inside of one")
        else:
            self._fault(f"<{tag}> is nothing that MJML knows here: see mjml.io, or leave it out")
        return False

    def _is_words(self) -> bool:
        return any(one.tag in WORDS for one in self._open) and not self._is_told()

    def _is_told(self) -> bool:
        """Inside mj-attributes, elements say how all others look."""
        return any(one.tag == "mj-attributes" for one in self._open)

    def _checked(self, tag: str, attrs: _Attributes) -> dict[str, str]:
        found = {name: value or "" for name, value in attrs}
        if tag in {"mjml", "mj-attributes"}:
            return {}
        known = self._known(tag)
        if unknown := sorted(found.keys() - known):
            what = ", ".join(f"“{name}”" for name in unknown)
            self._fault(f"<{tag}> has no {what} here: correct it, or leave it out")
        kept = {name: value for name, value in found.items() if name in known and name != "inline"}
        for name, value in kept.items():
            self._check(tag, name, value)
        if tag == "mj-social-element" and "src" not in kept and not self._is_told():
            self._fault(f"<{tag}> needs a src: its picture would come from somebody else’s host")
        return self._with_pictures(tag, kept)

    def _known(self, tag: str) -> frozenset[str]:
        known = ANY if tag in {"mj-all", "mj-class"} else HTML_ATTRIBUTES
        if tag in ATTRIBUTES:
            known = ATTRIBUTES[tag] | EVERYWHERE
        return known if tag in LINKS and not self._is_told() else known - {"href"}

    def _check(self, tag: str, name: str, value: str) -> None:
        kinds = {found[1] for found in marks.LIQUID.finditer(value)}
        if "t" in kinds:
            self._fault(f"“{name}” of <{tag}> holds {{% … %}}: put it around the whole element")
        elif kinds and name not in SAYS | PICTURES and name != "href":
            self._fault(
                f"“{name}” of <{tag}> takes something of a person: {{{{ … }}}} stands in words,"
                " href, alt and title"
            )
        if name not in SAYS | PICTURES and name != "href" and loads(value):
            self._fault(f"“{name}” of <{tag}> loads something: pictures stand in mj-image")

    def _with_pictures(self, tag: str, found: dict[str, str]) -> dict[str, str]:
        says = found.get("alt", "")
        for name in PICTURES & found.keys():
            is_image = tag in {"mj-image", "img"}
            put = self._book.image if is_image else self._book.picture
            found[name] = put(found[name], says=says)
        return found

    def _tag(self, one: _Open, *, is_alone: bool) -> str:
        said = "".join(f' {name}="{self._value(value)}"' for name, value in one.attributes.items())
        return f"<{one.tag}{said}{' />' if is_alone else '>'}"

    def _value(self, value: str) -> str:
        if _PLAIN.fullmatch(value) and self._key not in value:
            return escape(value)
        self._values.append(value)
        return f"{self._key}{len(self._values) - 1}y"

    def _fault(self, sentence: str) -> None:
        fault = f"Line {self._line()}: {sentence}."
        if len(self.faults) < _MOST_FAULTS and fault not in self.faults:
            self.faults.append(fault)

    def _line(self) -> int:
        """The line in the author's own source, whose Liquid may have had lines of its own."""
        line, column = self.getpos()
        return line + bisect_left(self._breaks, self._starts[line - 1] + column)
