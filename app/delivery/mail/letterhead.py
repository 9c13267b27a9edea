"""Who a mail comes from, and the frame around its words: the same for all arms of an experiment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.delivery.mail import marks
from app.delivery.mail.mime import ascii_address, mailbox
from app.languages.words import ENGLISH, sources, words_of
from app.platform.config import Settings
from app.platform.paths import TEMPLATES

_CUT = "<!-- - -->"
_NO_LANGUAGE = 'lang="und" dir="auto"'  # as the engine writes where it knows of none
_BODY = re.compile(r"<body\b[^<>]*>")
_END = "</body></html>"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands at the top and the bottom of a mail."""

    experiment_id: str
    from_name: str
    from_address: str
    reply_to: str | None
    postal_address: str
    return_path: str
    signs_returns: bool  # whether bounces have an address of their own, so that it can be signed
    replies_to: str  # the address that answers come to us by, to be signed; empty: none
    public_url: str
    tracking_url: str
    zone: tzinfo  # in which a mail tells the time
    language: str = ENGLISH  # that its author writes in

    @property
    def host(self) -> str:
        """The domain that a Message-ID and a List-Id end with."""
        return self.from_address.rpartition("@")[2]

    def headers(self, *, arm: str) -> dict[str, str]:
        """The headers that every mail of an arm carries. Raises BadHeader."""
        shared = {"From": mailbox(self.from_name, self.from_address, what="The sender's name")}
        if self.reply_to:
            shared["Reply-To"] = mailbox("", self.reply_to, what="The reply address")
        return shared | {
            "List-Id": f"<{self.experiment_id}.experiments.{self.host}>",
            "Feedback-ID": f"{self.experiment_id}:{quote(arm)}:experiment:thinslice",
        }


def letterhead(
    settings: Settings,
    *,
    experiment_id: str,
    sender: Mapping[str, Any],
    language: str = ENGLISH,
) -> Letterhead:
    """Read an experiment's `sender` over the installation's settings."""
    return Letterhead(
        experiment_id=experiment_id,
        from_name=sender.get("from_name") or "",
        from_address=settings.sender_address,
        reply_to=sender.get("reply_to") or None,
        postal_address=settings.postal_address.strip(),
        return_path=ascii_address(settings.bounce_address or settings.sender_address),
        signs_returns=bool(settings.bounce_address) or settings.mails_by_provider,
        replies_to=settings.mail_replies and ascii_address(settings.mail_replies),
        public_url=settings.public_url,
        tracking_url=settings.tracking,
        zone=settings.zone,
        language=language,
    )


@dataclass(frozen=True, slots=True)
class Words:
    """What an arm says, written out, with its marks still in it."""

    preheader: str
    html: str
    text: str
    has_way_out: bool  # the body holds its own unsubscribe link: no footer is added
    hidden_link: str | None = None  # the mark of the honeypot
    is_document: bool = False  # the HTML has a head and a body of its own


def html_letter(head: Letterhead, content: Words) -> str:
    """The HTML part around an arm's words, its styles inline, its pixel last."""
    if content.is_document:
        return _around(head, content)
    letter = _rendered("body", head, content)
    return _inliner().inline(letter)


def text_letter(head: Letterhead, content: Words) -> str:
    """The text part around an arm's words."""
    page = _templates().get_template("mail/experiment/body.txt")
    return page.render(
        head=head,
        words=words_of(head.language),
        content=content.text,
        way_out=None if content.has_way_out else marks.UNSUBSCRIBE,
    )


def _around(head: Letterhead, content: Words) -> str:
    """The same of a document that MJML laid out: what it lacks is put into its head and body."""
    words = words_of(head.language)
    title, begin, end = _rendered("around", head, content).split(_CUT)
    made = content.html.replace(_NO_LANGUAGE, f'lang="{words.language}" dir="{words.direction}"')
    made = made.replace("<head>", f"<head>{title.strip()}", 1)
    opening = _BODY.search(made)
    assert opening is not None  # the engine always writes one
    before, behind = made[: opening.end()], made[opening.end() :].removesuffix(_END)
    return f"{before}{begin.strip()}{behind}{end.strip()}{_END}"


def _rendered(part: str, head: Letterhead, content: Words) -> str:
    return (
        _templates()
        .get_template(f"mail/experiment/{part}.html")
        .render(
            head=head,
            words=words_of(head.language),
            host=urlsplit(head.public_url).hostname,
            preheader=content.preheader,
            content=Markup(content.html),  # noqa: S704  # our own Markdown, HTML switched off
            way_out=None if content.has_way_out else marks.UNSUBSCRIBE,
            hidden_link=content.hidden_link,
            pixel=marks.PIXEL,
        )
    )


@cache
def frame() -> str:
    """What stands around the words of every mail, before it is filled in."""
    parts = ("body.html", "around.html", "body.txt")
    pages = [(TEMPLATES / "mail" / "experiment" / part).read_text() for part in parts]
    return "".join((*pages, sources()))


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
