"""What is wrong with an experiment's words, or risky: the checklist's part about mails."""

import re
from collections.abc import Iterator

from app.delivery.mail import content, deliverability, filling, mime
from app.delivery.mail.body import Content
from app.delivery.mail.broken import BrokenLiquid
from app.delivery.mail.links import Kind, Link
from app.experiments.called import Called
from app.experiments.design_schemas import Draft
from app.experiments.items import Item, blocks, warns
from app.experiments.metrics import Source
from app.experiments.part_schemas import Arm
from app.platform.bounded import OverLimit
from app.platform.config import Settings
from app.platform.errors import AppError

_BLANK = re.compile(
    r"(?<![{$])\{[a-z][^{}%]{0,80}\}(?!\})"
)  # {who}, but neither {{ name }} nor {% if %}
_MOST_LINKS = 250  # a link's place takes one byte of its token
_LONGEST_SUBJECT = 150  # characters; mail programs show some 60 of them


class ContentLint:
    """Answers `experiments.ports.Lint`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def problems(self, design: Draft) -> list[Item]:
        """Everything about the mails that blocks a launch, or should be known before it."""
        problems = [*self._sender(design), *_blanks(design)]
        for arm, called in Called.each(design.arms):
            problems += _words(arm, called)
            problems += self._linked(arm, called, design)
        return problems

    def of_length(self, longest: int) -> list[Item]:
        """What becomes of the longest mail, by the bytes of its HTML."""
        return list(deliverability.of_size(longest))

    def _linked(self, arm: Arm, called: Called, design: Draft) -> list[Item]:
        try:
            return list(self._written(arm, called, design))
        except OverLimit as error:
            return [blocks("markdown_broken", f"{called.its('body')} cannot be read. {error}")]

    def _written(self, arm: Arm, called: Called, design: Draft) -> Iterator[Item]:
        written, bad = content.examine(arm.body or "", form=arm.format)
        for error in bad:
            yield blocks(error.id, called.within(str(error)))
        _, bad_in_answer = content.examine(arm.answer or "")
        for error in bad_in_answer:
            yield blocks(error.id, f"On {called.its('answer page')}: {error}")
        yield from _needed_links(called, design, written)
        yield from _risky_links(arm, called, written)
        postal_address = self._settings.postal_address
        yield from deliverability.of_arm(arm, called, written, postal_address=postal_address)

    def _sender(self, design: Draft) -> Iterator[Item]:
        settings = self._settings
        yield from _headers(design, settings)
        yield from _come_back(design, settings)
        if not settings.mail_from:
            yield warns(
                "mail_from_default",
                f"Mails come from {settings.sender_address}, which nobody chose. Set"
                " THINSLICE_MAIL_FROM to an address that people can answer.",
            )
        if not settings.postal_address.strip():
            yield warns(
                "postal_address_default",
                "The footer has no postal address; many countries require one. Set"
                " THINSLICE_POSTAL_ADDRESS, or write it at the end of each body.",
            )
        if not settings.secure and settings.mail.strip() != "outbox:":
            yield warns(
                "plain_http_link",
                f"Links begin with {settings.public_url}: browsers warn of addresses without"
                " https, and one-click unsubscribing needs it. Set THINSLICE_PUBLIC_URL.",
            )


def _blanks(design: Draft) -> Iterator[Item]:
    """A starter's `{who}` that nobody filled in would stand in the mail as it is."""
    card = design.hypothesis
    texts = [card.believe, card.verify, card.measure, card.right_if]
    for arm in design.arms:
        texts += [arm.subject or "", arm.preheader or "", arm.body or "", arm.answer or ""]
    left = sorted({found for text in texts for found in _BLANK.findall(text or "")})
    if left:
        yield warns("blanks", f"Still to be filled in: {', '.join(left)}.")


def _headers(design: Draft, settings: Settings) -> Iterator[Item]:
    checks = (
        ("from_name_invalid", design.sender.from_name or "", settings.sender_address),
        ("reply_to_invalid", "", design.sender.reply_to or settings.sender_address),
    )
    for id_, name, address in checks:
        try:
            mime.mailbox(name, address, what="The sender's name")
        except AppError as error:
            yield blocks(id_, str(error))


def _come_back(design: Draft, settings: Settings) -> Iterator[Item]:
    if design.metric.row.source is Source.REPLY and not settings.mail_replies:
        yield blocks(
            "no_answers",
            "The metric counts answers, and none comes back to Thinslice: set"
            " THINSLICE_MAIL_REPLIES, or count something else.",
        )


def _words(arm: Arm, called: Called) -> Iterator[Item]:
    for name in ("subject", "body"):
        if not (getattr(arm, name) or "").strip():
            yield blocks(f"{name}_missing", f"{called.mail} has no {name}.")
    for name, part in deliverability.PLACES.items():
        try:
            filling.text(getattr(arm, name) or "")
        except (BrokenLiquid, OverLimit) as error:
            yield blocks("liquid_broken", f"{called.its(part)} does not work. {error}")
    yield from _subject(arm.subject or "", its_subject=called.its("subject"))


def _subject(subject: str, *, its_subject: str) -> Iterator[Item]:
    if "\n" in subject.strip():
        yield blocks("subject_line_break", f"{its_subject} has a line break.")
    elif wrong := _unfit(subject, what=its_subject):
        yield blocks("subject_sign", wrong)
    if len(subject) > _LONGEST_SUBJECT:
        yield warns("subject_long", f"{its_subject} has {len(subject)} characters.")


def _unfit(subject: str, *, what: str) -> str:
    try:
        mime.refuse_unfit(mime.one_line(subject), what=what)
    except mime.BadHeader as error:
        return str(error)
    return ""


def _needed_links(called: Called, design: Draft, written: Content) -> Iterator[Item]:
    if design.metric.row.source is Source.CLICK and not written.links:
        yield blocks(
            "no_link",
            f"{called.mail} has no link, and the metric counts clicks. Add one:"
            " [text](https://…), or [text](answer:) for a page of ours.",
        )
    label = design.metric.link
    if label and label not in {link.label for link in written.links}:
        known = ", ".join(f"“{link.label}”" for link in written.links) or "none"
        yield blocks(
            "link_label_unknown",
            f"The metric counts the link “{label}”, which {called.mail} does not have"
            f" (it has: {known}).",
        )
    if label and sum(link.label == label for link in written.links) > 1:
        yield blocks(
            "link_label_twice",
            f"The metric counts the link “{label}”, and {called.mail} has several of that name."
            ' Name each by itself: [text](https://… "name").',
        )
    if (count := len(written.links)) > _MOST_LINKS:
        said = f"{called.mail} has {count} links. {_MOST_LINKS} are the most that one can have."
        yield blocks("too_many_links", said)


def _risky_links(arm: Arm, called: Called, written: Content) -> Iterator[Item]:
    for link in written.links:
        if link.address.startswith("http://"):
            said = f"“{link.label}” leads to an http:// address."
            yield warns("link_without_tls", called.within(said))
    if _answers(written.links) and not (arm.answer or "").strip():
        said = f"{called.mail} links to an answer page that has no words of its own yet."
        yield warns("answer_empty", said)


def _answers(links: tuple[Link, ...]) -> bool:
    return any(link.kind is Kind.ANSWER for link in links)
