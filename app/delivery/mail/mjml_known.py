"""What MJML may hold here: which elements, where they stand, and what each is told.

As mjml.io documents it; an engine passes over what it does not know, and so would its author.
"""

from collections.abc import Mapping
from typing import Final

_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_FONT = (
    "color font-family font-size font-style font-weight letter-spacing line-height text-decoration"
    " text-transform"
)
_BACKGROUND = (
    "background-color background-url background-repeat background-size background-position"
    " background-position-x background-position-y"
)
_BAND = f"{_BACKGROUND} {_PADDING} {_BORDER} direction full-width text-align"
_CELL = f"align container-background-color {_PADDING}"
_INNER = " ".join(f"inner-{name}" for name in f"background-color {_BORDER}".split())
_ICON = "icon-size icon-height icon-padding text-padding"

ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    tag: frozenset(names.split())
    for tag, names in {
        "mjml": "",
        "mj-head": "",
        "mj-attributes": "",
        "mj-style": "inline",
        "mj-breakpoint": "width",
        "mj-body": "width background-color id",
        "mj-wrapper": _BAND,
        "mj-section": _BAND,
        "mj-group": "background-color direction vertical-align width",
        "mj-column": f"background-color {_BORDER} {_PADDING} {_INNER} direction vertical-align"
        " width",
        "mj-hero": f"{_BACKGROUND} {_PADDING} {_INNER} background-width background-height"
        " border-radius height mode vertical-align",
        "mj-text": f"{_CELL} {_FONT} background-color height vertical-align",
        "mj-button": f"{_CELL} {_FONT} {_BORDER} background-color height href inner-padding name"
        " rel target text-align title vertical-align width",
        "mj-image": f"{_CELL} {_BORDER} alt fluid-on-mobile font-size height href max-height name"
        " rel src target title width",
        "mj-divider": f"{_CELL} border-color border-style border-width width",
        "mj-spacer": f"{_CELL} {_BORDER} height",
        "mj-table": f"{_CELL} {_FONT} border cellpadding cellspacing role table-layout"
        " vertical-align width",
        "mj-raw": "position",
        "mj-social": f"{_CELL} {_FONT} {_ICON} border border-radius inner-padding mode table-layout"
        " vertical-align",
        "mj-social-element": f"{_PADDING} {_FONT} {_ICON} align alt background-color border"
        " border-radius href icon-position name rel src target title vertical-align",
        "mj-navbar": f"{_CELL} hamburger",
        "mj-navbar-link": f"{_PADDING} {_FONT} href name rel target",
    }.items()
}
EVERYWHERE: Final = frozenset({"css-class", "mj-class"})
ANY: Final = frozenset({"name"}).union(*ATTRIBUTES.values())  # of mj-all and mj-class

_CONTENT = (
    "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-social",
    "mj-navbar", "mj-raw",
)  # fmt: skip
INSIDE: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"mjml"}),
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": frozenset({"mj-attributes", "mj-style", "mj-breakpoint"}),
    "mj-attributes": frozenset({"mj-all", "mj-class", *ATTRIBUTES}),
    "mj-body": frozenset({"mj-wrapper", "mj-section", "mj-hero", "mj-raw"}),
    "mj-wrapper": frozenset({"mj-section", "mj-hero", "mj-raw"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": frozenset(_CONTENT),
    "mj-hero": frozenset(_CONTENT),
    "mj-social": frozenset({"mj-social-element", "mj-raw"}),
    "mj-navbar": frozenset({"mj-navbar-link", "mj-raw"}),
}
# Their inside is words and HTML.
WORDS: Final = frozenset(
    {"mj-text", "mj-button", "mj-table", "mj-raw", "mj-navbar-link", "mj-social-element"}
)
LINKS: Final = frozenset({"a", "mj-button", "mj-image", "mj-navbar-link", "mj-social-element"})
PICTURES: Final = frozenset({"src", "background-url"})
SAYS: Final = frozenset({"alt", "title"})  # attributes that may hold something of the person

HTML: Final = frozenset(
    (
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "center",
        "code",
        "del",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    )
)
VOID: Final = frozenset({"br", "hr", "img"})
HTML_ATTRIBUTES: Final = frozenset(
    (
        "align",
        "alt",
        "aria-hidden",
        "aria-label",
        "bgcolor",
        "border",
        "cellpadding",
        "cellspacing",
        "class",
        "color",
        "colspan",
        "dir",
        "face",
        "height",
        "href",
        "lang",
        "rel",
        "role",
        "rowspan",
        "size",
        "src",
        "start",
        "style",
        "target",
        "title",
        "type",
        "valign",
        "width",
    )
)

# What people try, and what to do instead.
INSTEAD: Final[Mapping[str, str]] = {
    "mj-include": "Nothing is read from elsewhere: write it out here.",
    "mj-font": "A font would be loaded from elsewhere: name one that people have, such as Georgia"
    " or Arial, in font-family.",
    "mj-preview": "Write it into the field Preheader.",
    "mj-title": "The subject is its title: leave it out.",
    "mj-html-attributes": "Write the attributes where they belong.",
    "mj-carousel": "Most mail programs show one of its pictures: use mj-image.",
    "mj-accordion": "Few mail programs can fold it: write it out in mj-text.",
    "script": "No mail program runs it: leave it out.",
    "style": "Write styles into mj-style, in mj-head.",
    "form": "Most mail programs refuse it: link to a page that asks.",
    "link": "Nothing is loaded from elsewhere: write styles into mj-style, in mj-head.",
}
