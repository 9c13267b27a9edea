"""What is the same for all is made once per arm; per person only the slots are filled."""

from collections.abc import Mapping
from typing import Any

from app.audience.columns import UNTYPED, Columns
from app.delivery.mail import content, filling, letterhead, marks, mime
from app.delivery.mail.body import Content
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.letterhead import Letterhead
from app.delivery.mail.links import Kind as LinkKind
from app.delivery.mail.links import Link
from app.delivery.mail.plate import press
from app.experiments.vocabulary import Format

HIDDEN = "honeypot"  # the label of the link that only a scanner finds


def compose_arm(
    arm: Mapping[str, Any],
    *,
    head: Letterhead,
    columns: Columns = UNTYPED,
    set_id: int | None = None,
    launched_links: int | None = None,
    hidden_address: str | None = None,
) -> ComposedArm:
    """Do once what is the same for all. Raises BrokenLiquid, BadBody or BadHeader.

    `hidden_address` is where the honeypot leads, if the experiment has one; `launched_links` is how
    many others are kept of its launch.
    """
    body = str(arm.get("body") or "")
    filling.text(body)  # its own lines are what an error should name
    written = content.write_out(body, links=launched_links, form=_format(arm))
    links = _with_hidden(written.links, hidden_address)
    words = _words(written, str(arm.get("preheader") or ""), hidden=links[len(written.links) :])
    parts = {
        "subject": filling.text(str(arm.get("subject") or "")),
        "preheader": filling.text(str(arm.get("preheader") or "")),
        "html": filling.html(written.protected.restore_html(_html(head, words))),
        "text": filling.text(written.protected.restore(letterhead.text_letter(head, words))),
    }
    skeleton = mime.skeleton(head.headers(arm=str(arm["key"])))
    return ComposedArm(
        arm=str(arm["key"]),
        set_id=set_id,
        head=head,
        links=links,
        skeleton=skeleton,
        columns=columns,
        names=frozenset(name for part in parts.values() for name in part.columns) - {marks.WAY_OUT},
        alone=frozenset(name for part in parts.values() for name in part.alone) - {marks.WAY_OUT},
        made=frozenset(name for part in parts.values() for name in part.made) - {marks.WAY_OUT},
        plate=press(
            skeleton.shared,
            head=head,
            set_id=set_id,
            links=links,
            html=parts["html"],
            text=parts["text"],
        ),
        **parts,
    )


def links_of(arm: Mapping[str, Any], *, hidden_address: str | None) -> tuple[Link, ...]:
    """The tracked links of an arm, in their order. Raises BadBody."""
    written = content.write_out(str(arm.get("body") or ""), form=_format(arm))
    return _with_hidden(written.links, hidden_address)


def _html(head: Letterhead, words: letterhead.Words) -> str:
    made = letterhead.html_letter(head, words)
    return made.replace(marks.UPLOAD, f"{head.tracking_url}/i/")


def _format(arm: Mapping[str, Any]) -> str:
    return str(arm.get("format") or Format.MARKDOWN)


def _with_hidden(links: tuple[Link, ...], address: str | None) -> tuple[Link, ...]:
    if address is None:
        return links
    return (*links, Link(len(links) + 1, LinkKind.FIXED, HIDDEN, address))


def _words(written: Content, preheader: str, *, hidden: tuple[Link, ...]) -> letterhead.Words:
    return letterhead.Words(
        preheader=marks.protect(preheader, written.protected.pieces).text,
        html=written.html,
        text=written.text.strip("\n"),
        is_document=written.is_document,
        has_way_out=written.has_way_out,
        hidden_link=marks.link(hidden[0].position, ()) if hidden else None,
    )
