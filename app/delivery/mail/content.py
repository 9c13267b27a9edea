"""A body once per arm: an HTML and a text template, with marks where a person's own parts go."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.token import Token

from app.delivery.mail import around, charting, marks, plain_text
from app.delivery.mail.body import Content, content_of
from app.delivery.mail.broken import BadBody
from app.delivery.mail.link_book import LinkBook
from app.delivery.mail.links import bare
from app.delivery.mail.mjml_body import examined as examined_mjml
from app.experiments.vocabulary import Format
from app.platform import bounded


def write_out(source: str, *, links: int | None = None, form: str = Format.MARKDOWN) -> Content:
    """Turn a body with Liquid into HTML and text. Raises BadBody at the first thing that is wrong.

    `links` is how many it had at its launch. Bodies launched before bare addresses were links are
    written as they were: a link's place is what its clicks are counted by.
    """
    written, bad = examine(source, form=form)
    if form == Format.MARKDOWN and links is not None and len(written.links) != links:
        written, bad = examine(source, bare_links=False)
    if bad:
        raise bad[0]
    return written


def examine(
    source: str, *, bare_links: bool = True, form: str = Format.MARKDOWN
) -> tuple[Content, list[BadBody]]:
    """As `write_out`, with everything that is wrong with it instead of an error.

    A child process reads it, within limits.
    """
    if form == Format.MJML:
        read = examined_mjml
    else:
        read = _examined if bare_links else _examined_as_before
    return bounded.ask(read, source, about=(form, source)) if source.strip() else _examined("")


def _examined(source: str) -> tuple[Content, list[BadBody]]:
    liquid = marks.protect(source)
    charting.numbered(liquid)
    tokens = _parsed(liquid)
    _bare_into_links(tokens)
    return _written(tokens, liquid)


def _examined_as_before(source: str) -> tuple[Content, list[BadBody]]:
    liquid = marks.protect(source)
    return _written(_parsed(liquid), liquid)


def _parsed(liquid: marks.Protected) -> list[Token]:
    tokens = _markdown().parse(around.own_lines(liquid), {around.PIECES: liquid.pieces})
    return around.joined(tokens, liquid.pieces)


def _written(tokens: list[Token], liquid: marks.Protected) -> tuple[Content, list[BadBody]]:
    book = _Book(liquid)
    _each_inline(tokens, book.mark_links)
    html = _markdown().renderer.render(tokens, _markdown().options, {})
    return content_of(book, html=html, text=plain_text.text_of(tokens)), book.bad


class _Book(LinkBook):
    """Links and images of Markdown."""

    def mark_links(self, tokens: list[Token]) -> None:
        for place, token in enumerate(tokens):
            if token.type == "link_open":
                self._mark(token, text=_text_until_close(tokens[place + 1 :]))
            elif token.type == "image":
                source = str(token.attrs.get("src", ""))
                token.attrs["src"] = self.image(source, says=token.content)

    def _mark(self, token: Token, *, text: str) -> None:
        href = str(token.attrs.get("href", ""))
        title = str(token.attrs.pop("title", "") or "")
        token.attrs["href"] = self.address(href, text=text, title=title)


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
