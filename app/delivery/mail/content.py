"""Markdown once per arm: an HTML and a text template, with marks where a person's own parts go."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from app.delivery.mail import marks, plain_text
from app.delivery.mail.links import BadLink, Link, is_tracked, link_to
from app.platform import bounded

_WAY_OUT = "unsubscribe_url"
_NAMES_WAY_OUT = re.compile(rf"(?!\{{%-?\s*(?:raw|comment)\b).*\b{_WAY_OUT}\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Content:
    """A body, written out. Both parts hold Liquid still, and marks for links."""

    html: str
    text: str
    links: tuple[Link, ...]
    protected: marks.Protected
    said: tuple[tuple[str, str], ...] = ()  # what each link says, and the address behind it
    images: int = 0
    has_way_out: bool = False  # it brings its own unsubscribe link: no footer is added


def write_out(source: str, *, first: int = 1) -> Content:
    """Turn Markdown with Liquid into HTML and text. Raises BadLink at the first bad address."""
    content, bad = examine(source, first=first)
    if bad:
        raise bad[0]
    return content


def examine(source: str, *, first: int = 1) -> tuple[Content, list[BadLink]]:
    """As `write_out`, with everything that is wrong with its links instead of an error.

    A child process reads the Markdown, within limits.
    """
    if not source.strip():
        return _examined("", first)
    return bounded.ask(_examined, source, first, about=("markdown", source))


def _examined(source: str, first: int) -> tuple[Content, list[BadLink]]:
    liquid = marks.protect(source)
    tokens = _loops_into_lists(_markdown().parse(liquid.text))
    book = _Book(liquid, first)
    _each_inline(tokens, book.mark_links)
    html = _markdown().renderer.render(tokens, _markdown().options, {})
    content = Content(
        html=html,
        text=plain_text.text_of(tokens),
        links=tuple(book.links),
        protected=liquid,
        said=tuple(book.said),
        images=book.images,
        has_way_out=marks.UNSUBSCRIBE in html or any(map(_NAMES_WAY_OUT.match, liquid.pieces)),
    )
    return content, book.bad


class _Book:
    """Numbers the links of a body in their order, and puts marks where their addresses were."""

    def __init__(self, liquid: marks.Protected, first: int) -> None:
        self.liquid = liquid
        self.first = first
        self.links: list[Link] = []
        self.bad: list[BadLink] = []
        self.said: list[tuple[str, str]] = []
        self.images = 0

    def mark_links(self, tokens: list[Token]) -> None:
        for place, token in enumerate(tokens):
            if token.type == "link_open":
                self._mark(token, text=_text_until_close(tokens[place + 1 :]))
            elif token.type == "image":
                self.images += 1
                self._check_image(token)

    def _mark(self, token: Token, *, text: str) -> None:
        href = str(token.attrs.get("href", ""))
        title = str(token.attrs.pop("title", "") or "")
        self.said.append((self.liquid.restore(text), self.liquid.restore(href)))
        if _is_way_out(self.liquid.restore(href)):
            token.attrs["href"] = marks.UNSUBSCRIBE
        elif is_tracked(href):
            token.attrs["href"] = self._slot(href, self.liquid.restore(title or text))

    def _slot(self, href: str, label: str) -> str:
        position = self.first + len(self.links)
        try:
            link = link_to(href, position=position, label=label, liquid=self.liquid)
        except BadLink as error:
            self.bad.append(error)
            return ""
        self.links.append(link)
        return marks.link(position, link.fills)

    def _check_image(self, token: Token) -> None:
        source = str(token.attrs.get("src", ""))
        if not source.lower().startswith("https://") or marks.LIQUID.search(source):
            self.bad.append(
                BadLink(
                    "image_address",
                    f"The image “{token.content}” needs an address that begins with https://"
                    " and is the same for everybody.",
                )
            )


def _is_way_out(href: str) -> bool:
    return href.replace(" ", "").strip("{}-") == _WAY_OUT


def _text_until_close(tokens: list[Token]) -> str:
    words: list[str] = []
    for token in tokens:
        if token.type == "link_close":
            break
        words.append(token.content)
    return "".join(words).strip()


def _each_inline(tokens: Iterable[Token], visit: Callable[[list[Token]], None]) -> None:
    for token in tokens:
        if token.type == "inline":
            visit(token.children or [])


@cache
def _markdown() -> MarkdownIt:
    """CommonMark without HTML, plus tables. Addresses are checked by `links`, not by the parser."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.normalizeLink = _keep_marks  # type: ignore[method-assign]  # its documented hook
    markdown.validateLink = _any_link  # type: ignore[method-assign]  # its documented hook
    markdown.block.ruler.before(
        "table", "liquid", _liquid_line, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.add_render_rule("liquid", _print_liquid)
    return markdown


def _any_link(url: str) -> bool:  # noqa: ARG001  # the hook's signature
    """Bad addresses are told by name in the checklist, not printed as text."""
    return True


def _keep_marks(url: str) -> str:
    return url if marks.LIQUID.search(url) else normalizeLink(url)


def _liquid_line(state: StateBlock, start: int, _end: int, silent: Any) -> bool:
    """A line of tags alone is no paragraph: it ends the one before and stands by itself."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not marks.TAG_LINE.fullmatch(line):
        return False
    if not silent:
        state.line = start + 1
        token = state.push("liquid", "", 0)
        token.content = line
        token.block = True
    return True


def _print_liquid(_renderer: Any, tokens: list[Token], index: int, *_: Any) -> str:
    return f"{tokens[index].content}\n"


def _loops_into_lists(tokens: list[Token]) -> list[Token]:
    """Tags right around one list go inside it, so that a loop makes items, not lists."""
    tokens = list(tokens)
    for start, token in enumerate(tokens):
        end = _end_of_list(tokens, start)
        if end and start and tokens[start - 1].type == "liquid" and _closes(tokens, end + 1):
            tokens[start - 1 : start + 1] = [token, tokens[start - 1]]
            tokens[end : end + 2] = [tokens[end + 1], tokens[end]]
    return tokens


def _end_of_list(tokens: list[Token], start: int) -> int | None:
    opening = tokens[start]
    if opening.type not in {"bullet_list_open", "ordered_list_open"}:
        return None
    closing = opening.type.replace("_open", "_close")
    places = range(start + 1, len(tokens))
    return next(p for p in places if tokens[p].type == closing and tokens[p].level == opening.level)


def _closes(tokens: list[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].type == "liquid"
