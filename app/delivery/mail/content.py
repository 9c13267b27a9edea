"""Markdown once per arm: an HTML and a text template, with marks where a person's own parts go."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.token import Token

from app.delivery.mail import around, marks, plain_text
from app.delivery.mail.links import BadLink, Link, bare, is_tracked, link_to, untracked
from app.platform import bounded

_WAY_OUT = "unsubscribe_url"
_NAMES_WAY_OUT = re.compile(rf"(?<![\w.]){_WAY_OUT}\b")  # and no part of something else
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_UNREAD = re.compile(r"\{%-?\s*(?:raw|comment)\b")


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


def write_out(source: str, *, links: int | None = None) -> Content:
    """Turn Markdown with Liquid into HTML and text. Raises BadLink at the first bad address.

    `links` is how many it had at its launch. Bodies launched before bare addresses were links are
    written as they were: a link's place is what its clicks are counted by.
    """
    content, bad = examine(source)
    if links is not None and len(content.links) != links:
        content, bad = examine(source, bare_links=False)
    if bad:
        raise bad[0]
    return content


def examine(source: str, *, bare_links: bool = True) -> tuple[Content, list[BadLink]]:
    """As `write_out`, with everything that is wrong with its links instead of an error.

    A child process reads the Markdown, within limits.
    """
    read = _examined if bare_links else _examined_as_before
    return bounded.ask(read, source, about=("markdown", source)) if source.strip() else read("")


def _examined(source: str) -> tuple[Content, list[BadLink]]:
    liquid = marks.protect(source)
    tokens = _parsed(liquid)
    _bare_into_links(tokens)
    return _written(tokens, liquid)


def _examined_as_before(source: str) -> tuple[Content, list[BadLink]]:
    liquid = marks.protect(source)
    return _written(_parsed(liquid), liquid)


def _parsed(liquid: marks.Protected) -> list[Token]:
    tokens = _markdown().parse(around.own_lines(liquid), {around.PIECES: liquid.pieces})
    return around.joined(tokens, liquid.pieces)


def _written(tokens: list[Token], liquid: marks.Protected) -> tuple[Content, list[BadLink]]:
    book = _Book(liquid)
    _each_inline(tokens, book.mark_links)
    html = _markdown().renderer.render(tokens, _markdown().options, {})
    content = Content(
        html=html,
        text=plain_text.text_of(tokens),
        links=tuple(book.links),
        protected=liquid,
        said=tuple(book.said),
        images=book.images,
        has_way_out=marks.UNSUBSCRIBE in html or any(map(_brings_way_out, liquid.pieces)),
    )
    return content, book.bad


def _brings_way_out(piece: str) -> bool:
    """Whether this output or tag asks for the address; text that only names it does not."""
    return not _UNREAD.match(piece) and bool(_NAMES_WAY_OUT.search(_TEXT.sub("", piece)))


class _Book:
    """Numbers the links of a body in their order, and puts marks where their addresses were."""

    def __init__(self, liquid: marks.Protected) -> None:
        self.liquid = liquid
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
        else:
            token.attrs["href"] = untracked(href, liquid=self.liquid)

    def _slot(self, href: str, label: str) -> str:
        position = 1 + len(self.links)
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


def _bare_into_links(tokens: Iterable[Token]) -> None:
    """Addresses that stand in the text as they are become links, but not inside one."""
    for token in tokens:
        if token.type == "inline":
            depth, children = 0, list[Token]()
            for child in token.children or []:
                depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
                is_text = child.type == "text" and not depth
                children += _with_links(child) if is_text else [child]
            token.children = children


def _with_links(text: Token) -> Iterator[Token]:
    for words, href in bare(text.content):
        piece = text.copy(content=words)
        if href:
            opening = Token("link_open", "a", 1, attrs={"href": href}, level=text.level)
            yield from (opening, piece, Token("link_close", "a", -1, level=text.level))
        elif words:
            yield piece


@cache
def _markdown() -> MarkdownIt:
    """CommonMark without HTML, plus tables. Addresses are checked by `links`, not by the parser."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.normalizeLink = _keep_marks  # type: ignore[method-assign]  # its documented hook
    markdown.validateLink = _any_link  # type: ignore[method-assign]  # its documented hook
    markdown.block.ruler.before(
        "table",
        "liquid",
        around.liquid_line,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},
    )
    markdown.add_render_rule("liquid", around.print_liquid)
    return markdown


def _any_link(url: str) -> bool:  # noqa: ARG001  # the hook's signature
    """Bad addresses are told by name in the checklist, not printed as text."""
    return True


def _keep_marks(url: str) -> str:
    return url if marks.LIQUID.search(url) else normalizeLink(url)
