"""What of HTML is seen: what hides, what stands alone, what begins a block; and reading it."""

import re
from html.parser import HTMLParser

UNSEEN = frozenset({
    "script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "iframe",
    "select", "textarea", "button",
})  # fmt: skip
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
})  # fmt: skip
BLOCKS = frozenset({
    "address", "article", "div", "dl", "dd", "dt", "fieldset", "figure", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "table", "tr", "ul",
})  # fmt: skip
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_MARK = re.compile(r"<!\[[^>]*>?")


def feed(reader: HTMLParser, html: str) -> None:
    """Have all of it read, in as much time as it is long.

    The parser looks for the end of a comment from each beginning of one anew; and where a tag never
    ends, it is asked for the next one, and the next. As in a browser, nothing follows such a tag.
    Of marks such as <![if mso]> it knows a few, and fails at any other.
    """
    reader.feed(_MARK.sub("", _COMMENT.sub("", html)))
    if not reader.rawdata.startswith("<"):
        reader.close()
