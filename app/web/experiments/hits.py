"""What came in and what went out, line by line: raw hits with their verdicts, and sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.analysis import raw_rows
from app.delivery.models import State
from app.experiments import store
from app.identity.callers import Principal
from app.identity.guard import Db, Look, Who
from app.platform.listing import Asked, Listing
from app.tracking.models import Hit
from app.tracking.verdicts import Verdict
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.kit import formatting
from app.web.kit.form_state import Form
from app.web.kit.lists import Filter, FromAddress, Shown, narrowed_to, of_form, shown
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_PAGE = 100
_HITS = {
    "came": "Arrival", "at": "When", "person": "Person", "kind": "What", "link": "Link",
    "verdict": "Judged", "rule": "Rule", "times": "Times",
}  # fmt: skip
_SENDS = {
    "came": "Order of sending", "person": "Person", "state": "State", "released": "Released",
    "reply": "Last reply of the mail server",
}  # fmt: skip
_KIND = Filter("kind", "Kind", (("", "Clicks and opens"), ("click", "Clicks"), ("open", "Opens")))
_VERDICT = Filter(
    "verdict", "Judged",
    (("", "Everybody"), *((one.value, formatting.BADGES[one][0]) for one in Verdict)),
)  # fmt: skip
_STATE = Filter(
    "state", "State",
    (("", "Every state"), *((one.value, formatting.BADGES[one][0]) for one in State)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HitRow:
    """One request, with whose mail it came from and what the link is called there."""

    hit: Hit
    email: str
    link: str


@dataclass(frozen=True, slots=True)
class SendRow:
    """One person's mail."""

    email: str
    state: str
    released_at: datetime | None
    relay: str
    last_reply: str | None


@dataclass(frozen=True, kw_only=True)
class HitsPage(Page):
    """Every request, and what we make of it."""

    template: ClassVar[str] = "experiments/hits.html"
    section: ClassVar[str] = "experiments"

    place: Place
    rows: Sequence[HitRow]
    list: Shown


@dataclass(frozen=True, kw_only=True)
class SendsPage(Page):
    """One line per person, with what the mail server said."""

    template: ClassVar[str] = "experiments/sends.html"
    section: ClassVar[str] = "experiments"

    place: Place
    sends: Sequence[SendRow]
    list: Shown


@router.get("/{experiment_id}/hits")
def hits(
    request: Request, session: Db, who: Who, experiment_id: str, asked: FromAddress
) -> HTMLResponse:
    """Raw events, in the order in which they came or as it is asked for."""
    return render(request, _hits(session, who, experiment_id, replace(asked, words="")))


@router.post("/{experiment_id}/hits/find")
def find_hits(
    request: Request, session: Look, who: Who, form: Form, experiment_id: str
) -> HTMLResponse:
    """Those of which these words are said. They come by POST: an address bar is logged."""
    asked = of_form(form, filters=tuple(raw_rows.HITS.filters))
    return render(request, _hits(session, who, experiment_id, asked))


@router.get("/{experiment_id}/sends")
def sends(
    request: Request, session: Db, who: Who, experiment_id: str, asked: FromAddress
) -> HTMLResponse:
    """Who got the mail, and who did not."""
    return render(request, _sends(session, who, experiment_id, replace(asked, words="")))


@router.post("/{experiment_id}/sends/find")
def find_sends(
    request: Request, session: Look, who: Who, form: Form, experiment_id: str
) -> HTMLResponse:
    """Those of which these words are said, likewise."""
    asked = of_form(form, filters=tuple(raw_rows.SENDS.filters))
    return render(request, _sends(session, who, experiment_id, asked))


def _hits(session: Session, who: Principal, experiment_id: str, asked: Asked) -> HitsPage:
    experiment = store.experiment_of(session, experiment_id)
    listing = _seen_by(who, raw_rows.HITS)
    asked = narrowed_to(asked, listing)
    found = raw_rows.hits(session, listing, experiment_id, asked, limit=_PAGE)
    people = raw_rows.people_of(session, [hit.send_id for hit in found])
    links = raw_rows.links_of(session, experiment_id)
    address = f"/experiments/{experiment_id}/hits"
    told = shown(
        listing, found, asked, address, _HITS, filters=(_KIND, _VERDICT),
        **_finding(who, address, "An address, a program, a reason"),
    )  # fmt: skip
    return HitsPage(
        place=header.place_of(session, experiment),
        rows=[_row(hit, people, links) for hit in found],
        list=told,
    )


def _sends(session: Session, who: Principal, experiment_id: str, asked: Asked) -> SendsPage:
    experiment = store.experiment_of(session, experiment_id)
    listing = _seen_by(who, raw_rows.SENDS)
    asked = narrowed_to(asked, listing)
    found = raw_rows.sends(session, listing, experiment_id, asked, limit=_PAGE)
    address = f"/experiments/{experiment_id}/sends"
    told = shown(
        listing, found, asked, address, _SENDS, filters=(_STATE,),
        **_finding(who, address, "An address, or a word of the reply"),
    )  # fmt: skip
    return SendsPage(
        place=header.place_of(session, experiment),
        sends=[
            SendRow(email, s.state, s.released_at, s.relay or "", s.last_reply)
            for s, email in found
        ],
        list=told,
    )


def _row(hit: Hit, people: Mapping[int, str], links: Mapping[tuple[str, int], str]) -> HitRow:
    link = links.get((hit.arm, hit.link), f"link {hit.link}") if hit.kind == "click" else ""
    return HitRow(hit, people.get(hit.send_id, ""), link)


def _seen_by(who: Principal, listing: Listing) -> Listing:
    """Whoever sees no address neither sorts by them nor looks for them."""
    return listing if who.sees_addresses else listing.without(*raw_rows.ADDRESSES)


def _finding(who: Principal, address: str, hint: str) -> dict[str, str]:
    return {"hint": hint, "find": f"{address}/find"} if who.sees_addresses else {}
