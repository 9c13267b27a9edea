"""What keeps a mail from being seen, or read: hints for the checklist, none of which blocks."""

import re
from collections.abc import Iterator

from app.delivery.mail import marks
from app.delivery.mail.body import Content
from app.delivery.mail.links import UNTRACKED
from app.delivery.mail.mime import Mail, html_bytes
from app.experiments.called import Called
from app.experiments.items import Item, warns
from app.experiments.part_schemas import Arm
from app.platform import figures
from app.platform.domains import BadDomain, ascii_host

MOST_HTML = 102_000  # bytes; Gmail shows some 102 KB of a mail and cuts the rest
_FEWEST_WORDS = 4  # ours: fewer say nothing
_FEWEST_BESIDE_IMAGES = 20  # ours: many mail programs show no image before they are asked to
_FEWEST_LETTERS = 8  # ours: “SEPA 2027” shouts at nobody
_MOST_EXCLAMATIONS = 2  # ours, in a subject
PLACES = {"subject": "subject", "preheader": "preheader", "body": "body", "answer": "answer page"}
_IN_INBOXES = ("subject", "preheader", "body")
# How other tools write a column: Mailchimp, Mailgun, Pardot and Marketing Cloud, ERB, shells.
_ELSEWHERE = re.compile(
    r"\*\|[^|*\s][^|*\n]{0,80}\|\*"
    r"|%recipient\.\w{1,80}%"
    r"|\[\[[A-Za-z][\w .-]{0,80}\]\](?!\()"
    r"|<%[^%\n]{1,200}%>"
    r"|\$\{[A-Za-z][^{}\n]{0,80}\}"
    r"|%%[A-Za-z][\w.-]{0,80}%%"
)
_ADDRESS = re.compile(
    r"(?<![^\s/?#@:\"<>])(?:(?P<scheme>https?://)|(?P<www>www\.))?(?P<host>[^\s/?#@:\"<>]+\.[^\W\d_]{2,})"
    r"(?P<path>[:/?#]\S*)?",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"(?<![^\s@:])[^\s@:]+@[^\s@:?]+\.[^\s@:?]+")
# What stands alone and ends so is a place on the web; “Node.js” is not.
_ENDINGS = {"com", "org", "net", "info", "eu", "de", "at", "ch", "fr", "es", "no", "nl", "uk"}
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"[^\W_]")
_MONEY = re.compile(r"[$€£]{3,}")  # rspamd and SpamAssassin look at signs of money, too
_SHOUTS = re.compile(r"!{3,}")


def of_arm(arm: Arm, called: Called, written: Content, *, postal_address: str) -> Iterator[Item]:
    """What should be known of one version before it is sent."""
    yield from _placeholders(arm, called)
    yield from _shapes(arm, called)
    if (arm.body or "").strip():
        yield from _wordless(called, written)
        yield from _hardly_text(called, written)
        yield from _other_addresses(called, written)
        yield from _no_postal_address(called, written, postal_address)


def _wordless(called: Called, written: Content) -> Iterator[Item]:
    if written.wordless:
        said = figures.plural(written.wordless, "image", "images")
        yield warns(
            "image_without_words",
            f"{called.mail} has {said} without words: people who see no images, or have them read"
            " aloud, learn nothing of them. Write ![what it shows](…), or alt in MJML.",
        )


def of_size(html: int) -> Iterator[Item]:
    """What becomes of the longest mail, by the bytes of its HTML."""
    if html > MOST_HTML:
        yield warns(
            "mail_long",
            f"The longest of the mails looked at has {figures.count(html // 1000)} KB of HTML:"
            " Gmail cuts off what is beyond 102 KB, and the way out with it. Shorten the text, or"
            " show fewer rows of what is listed: {% for x in list limit: 20 %}.",
        )


def longest_html(mails: Iterator[Mail]) -> int:
    """The bytes of the longest HTML among these; nought where all are far from being cut."""
    return max((html_bytes(mail.raw) for mail in mails if len(mail.raw) > MOST_HTML), default=0)


def _placeholders(arm: Arm, called: Called) -> Iterator[Item]:
    for place, part in PLACES.items():
        left = _ELSEWHERE.findall(marks.protect(getattr(arm, place) or "").text)
        if left:
            yield warns(
                "placeholder_elsewhere",
                f"{called.its(part)} says {', '.join(sorted(set(left))[:3])}, which people"
                " would read as it is. A column is written {{ name }} here.",
            )


def _shapes(arm: Arm, called: Called) -> Iterator[Item]:
    """What filters count against a mail: few shapes, and no list of words.

    They are rspamd's SUBJ_ALL_CAPS, SUBJECT_HAS_EXCLAIM and SUBJECT_HAS_CURRENCY, and have been
    SpamAssassin's for long.
    """
    subject = marks.LIQUID.sub("", marks.protect(arm.subject or "").text)
    letters = [sign for sign in subject if sign.isalpha()]
    if len(letters) >= _FEWEST_LETTERS and subject.isupper():
        yield warns(
            "subject_capitals",
            f"{called.its('subject')} is all capitals, which filters take for spam: write it"
            " as a sentence.",
        )
    texts = [marks.LIQUID.sub("", marks.protect(getattr(arm, at) or "").text) for at in _IN_INBOXES]
    if subject.count("!") > _MOST_EXCLAMATIONS or any(map(_SHOUTS.search, texts)):
        yield warns(
            "exclamation_marks",
            f"{called.mail} has many exclamation marks, which filters take for spam: one is"
            " enough.",
        )
    if any(map(_MONEY.search, texts)):
        yield warns(
            "money_signs",
            f"{called.mail} has a row of money signs, which filters take for spam: write the"
            " amount.",
        )


def _hardly_text(called: Called, written: Content) -> Iterator[Item]:
    # A document holds styles, too, which nobody reads.
    words_of_it = written.text if written.is_document else written.html
    said = _TAG.sub(" ", marks.LIQUID.sub(" x ", words_of_it))
    words = sum(bool(_WORD.search(word)) for word in said.split())
    if written.images and words < _FEWEST_BESIDE_IMAGES:
        yield warns(
            "image_only",
            f"{called.mail} is hardly more than images, which many mail programs hide and filters"
            f" distrust: say in {_FEWEST_BESIDE_IMAGES} words or more what they show.",
        )
    elif not written.images and words < _FEWEST_WORDS:
        yield warns(
            "little_text",
            f"{called.mail} has hardly any text, which filters distrust: say in a sentence why you"
            " write.",
        )


def _other_addresses(called: Called, written: Content) -> Iterator[Item]:
    for words, href in written.said:
        if _leads_elsewhere(words, href):
            yield warns(
                "link_says_other",
                f"A link in {called.mail} says “{words}” and leads to {href}: filters and readers"
                " take that for fraud. Let it say where it leads, or write words.",
            )


def _leads_elsewhere(words: str, href: str) -> bool:
    """The words are an address, and of another place."""
    if _MAILBOX.fullmatch(words):
        to = href.partition(":")[2].partition("?")[0]
        return not (href.lower().startswith("mailto:") and words.lower() in to.lower())
    said, leads = _ADDRESS.fullmatch(words), _ADDRESS.match(href)
    if said is None or not _is_address(said):
        return False
    if href.lower().startswith(UNTRACKED) or leads is None:
        return True
    ours, theirs = _host(said["host"]), _host(leads["host"])
    return not f".{ours}".endswith(f".{theirs}") and not f".{theirs}".endswith(f".{ours}")


def _is_address(said: re.Match[str]) -> bool:
    if said["scheme"] or said["www"]:
        return True
    return said["host"].lower().rpartition(".")[2] in _ENDINGS


def _host(name: str) -> str:
    try:
        return ascii_host(name).lower().removeprefix("www.")
    except BadDomain:
        return name.lower()


def _no_postal_address(called: Called, written: Content, postal_address: str) -> Iterator[Item]:
    """A body that brings its own way out has no footer, and so no postal address but its own."""
    known = set(_folded(postal_address))
    if known and written.has_way_out and not known <= set(_folded(written.text)):
        yield warns(
            "postal_address_absent",
            f"{called.mail} brings its own way out, so no footer is added, and the postal address"
            f" with it: write “{' '.join(postal_address.split())}” at the end of the body.",
        )


def _folded(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
