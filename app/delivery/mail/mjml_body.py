"""An MJML body: read and checked here, laid out as a document by the engine, then as any other.

What the engine gets is written anew from what was read, so nothing reaches it that was not looked
at: no include, no font, no element or attribute that it would pass over in silence.
"""

from app.delivery.mail import charting, marks
from app.delivery.mail.body import Content, content_of
from app.delivery.mail.broken import BadBody
from app.delivery.mail.link_book import LinkBook
from app.delivery.mail.mjml_reading import Reader, Unreadable

BROKEN = "mjml_broken"
_NO_MJML = (
    "An MJML body begins with <mjml> and has an <mj-body> in it. For plain words choose Markdown."
)


def examined(source: str) -> tuple[Content, list[BadBody]]:
    """An MJML body as HTML and text, and all that is wrong with it; for a child process."""
    liquid = marks.protect(source)
    charting.numbered(liquid)
    book = LinkBook(liquid)
    reader = Reader(liquid, book)
    try:
        reader.read()
    except Unreadable as error:
        reader.faults.append(str(error))
    if not reader.has_body:
        reader.faults.insert(0, _NO_MJML)
    bad = [BadBody(BROKEN, fault) for fault in reader.faults]
    if bad:
        return content_of(book, html="", text=""), [*bad, *book.bad]
    html = _laid_out(reader, bad)
    return content_of(book, html=html, text=reader.text.done(), is_document=True), [
        *bad,
        *book.bad,
    ]


def _laid_out(reader: Reader, bad: list[BadBody]) -> str:
    from mjml import mjml2html  # noqa: PLC0415  # two megabytes for the child that lays out

    try:
        made = mjml2html(reader.written, fonts={}, disable_comments=False)
    except ValueError as error:
        bad.append(BadBody(BROKEN, f"MJML cannot lay it out: {error}."))
        return ""
    html = reader.values_placed(made)
    lost = set(marks.LIQUID.findall(reader.values_placed(reader.written)))
    if lost := lost - set(marks.LIQUID.findall(html)):
        pieces = (reader.liquid.pieces[int(number)] for _, number in sorted(lost))
        bad.append(
            BadBody(BROKEN, f"MJML would lose {', '.join(pieces)}: put it inside of mj-text.")
        )
    return html
