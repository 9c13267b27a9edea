"""The playbook as a YAML file that leaves the house, and comes in elsewhere."""

from collections.abc import Collection
from datetime import date as Date
from datetime import datetime

import yaml
from pydantic import ValidationError
from sqlmodel import Session

from app.okr import sources
from app.okr.models import Cycle
from app.outreach import digests, documents
from app.outreach.schemas import DigestDraft
from app.platform import bounded, figures
from app.platform.errors import FieldError, Invalid
from app.review import copying, playbook
from app.review.copying import Copied
from app.review.playbook import CopyDraft, Playbook

MOST_BYTES = 1_000_000
_TOLD = 100  # mistakes of one file that are told
_HEAD = """\
# A playbook of Thinslice: one cycle with its objectives, the weekly survey and digest, and
# experiment templates. Addresses and queries that values are read from are not in it.
"""


def written(session: Session, cycle: Cycle, *, today: Date) -> str:
    """A cycle as a YAML document."""
    book = _of(session, cycle, today=today)
    document = book.model_dump(mode="json", exclude_defaults=True)
    told = {"thinslice_playbook": 1} | document
    return _HEAD + yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)


def read(text: str, *, allowed_hosts: Collection[str] = ()) -> Playbook:
    """A playbook from YAML. Raises Invalid, naming the place that is wrong.

    No transaction should wait for it.
    """
    if len(text.encode()) > MOST_BYTES:
        raise Invalid(f"A playbook has at most {MOST_BYTES // 1_000_000} MB.")
    document = bounded.ask(documents.read, text)
    if not isinstance(document, dict) or document.get("thinslice_playbook") != 1:
        raise Invalid("This is no playbook: its first line should be `thinslice_playbook: 1`.")
    try:
        book = Playbook.model_validate(document)
    except ValidationError as error:
        raise _refusal(error) from error
    for key_result_part in (
        part for objective in book.objectives for part in objective.key_results
    ):
        sources.check(key_result_part.http, allowed_hosts=allowed_hosts)
    return book


def take_over(
    session: Session, book: Playbook, draft: CopyDraft, *, settings: bool, by: str, now: datetime
) -> Copied:
    """Make the cycle; with `settings`, also the survey's and the digest's times are the book's."""
    copied = copying.copy(session, book, draft, by=by, now=now)
    if settings and book.survey:
        copying.set_survey(session, book.survey, now=now)
    if settings and book.digest:
        row = digests.digest_settings(session)
        told = {"recipients": row.recipients if row else [], "sends_at": book.digest}
        digests.put(session, DigestDraft.model_validate(told), now=now)
    return copied


def copy_of(
    session: Session, cycle: Cycle, draft: CopyDraft, *, today: Date, by: str, now: datetime
) -> Copied:
    """The next cycle from this one, in the same house: sources of values go along."""
    book = _of(session, cycle, today=today, begin_at_current=draft.begin_at_current, in_house=True)
    return copying.copy(session, book, draft, by=by, now=now)


def _of(session: Session, cycle: Cycle, *, today: Date, **more: bool) -> Playbook:
    row = digests.digest_settings(session)
    return playbook.playbook_of(
        session, cycle, today=today, digest=row.sends_at if row else None, **more
    )


def _refusal(error: ValidationError) -> Invalid:
    fields = tuple(
        FieldError(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, "))
        for one in error.errors(include_url=False, include_context=False)[:_TOLD]
    )
    first, others = fields[0], error.error_count() - 1
    more = f" ({figures.count(others)} more)" if others else ""
    return Invalid(f"{first.field}: {first.message}{more}.", errors=fields)
