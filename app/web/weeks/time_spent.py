"""Where the time went: by week, by team, against the targets; and who is asked."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.allocation import opening, roster, store, weeks
from app.allocation.models import Bucket, Respondent
from app.allocation.schemas import RespondentDraft
from app.allocation.summary import Split
from app.allocation.weeks import Week
from app.identity.guard import Db, Now
from app.okr import store as okr
from app.platform import figures
from app.platform.asked import Choices
from app.platform.errors import AppError
from app.review.weeks import week_of
from app.web.kit import charts, formatting
from app.web.kit.charts import Charts
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render
from app.web.weeks import respondents, time_charts
from app.web.weeks.agendas import Share, share_of
from app.web.weeks.time_charts import Row

router = APIRouter(prefix="/time")

_WEEKS = 12  # a quarter
_KINDS = ("caution", "better", "quiet", "plain")  # of a stacked bar's parts, in the buckets' order


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who gets Friday's mail."""

    id: str
    name: str
    email: str
    team: str
    about: str


@dataclass(frozen=True, kw_only=True)
class TimePage(Page):
    """The talk moves from speed to investment."""

    template: ClassVar[str] = "weeks/time_spent.html"
    section: ClassVar[str] = "time"

    sentence: str
    rising: bool
    open_week: str | None
    may_open: str | None
    weeks: tuple[Row, ...]
    next_address: str | None
    charts: Charts
    teams: tuple[Row, ...]
    aims: tuple[Share, ...]
    buckets: tuple[tuple[str, str], ...]
    respondents: Sequence[Asked]
    teams_known: Choices
    form: Typed


@router.get("")
def show(request: Request, session: Db, now: Now, cursor: Cursor = None) -> HTMLResponse:
    """The last twelve weeks, and page by page those before."""
    return render(request, _page(session, Typed.of(), week=_now(request, now), cursor=cursor))


@router.get("/charts/{name}.{kind}")
def chart(
    *, request: Request, session: Db, now: Now, name: str, kind: str, cursor: Cursor = None
) -> Response:
    """One of the page's drawings as a file."""
    page = _page(session, Typed.of(), week=_now(request, now), cursor=cursor)
    return charts.as_file(request, page.charts, name, kind, of="")


@router.post("/respondents")
def add(request: Request, session: Db, now: Now, form: Form) -> Response:
    """Ask somebody from the next opening on."""
    try:
        draft = RespondentDraft.model_validate(
            {"email": form.text("email"), **respondents.typed(form)}
        )
        roster.add_respondent(session, draft, number=secrets.randbits(roster.NUMBER_BITS), now=now)
    except (AppError, ValidationError) as error:
        refuse(
            request, _page(session, form.mended(error, respondents.NAMES), week=_now(request, now))
        )
    return go("/time", said="saved")


@router.post("/open")
def open_now(request: Request, session: Db, now: Now) -> Response:
    """Open this week by hand: everybody is asked within a minute."""
    opening.open_by_hand(session, _now(request, now), zone=request.app.state.settings.zone, now=now)
    return go("/time", said="asked")


def _now(request: Request, now: Now) -> str:
    return week_of(now, request.app.state.settings.zone)


def _page(session: Session, form: Typed, *, week: str, cursor: str | None = None) -> TimePage:
    opened = store.openings(session, until=week, limit=_WEEKS)
    table = store.openings(session, until=week, cursor=cursor, limit=_WEEKS) if cursor else opened
    every = weeks.of_several(session, [one.week for one in (*opened, *table)])
    seen = [every[one.week] for one in opened]
    told = [one for one in seen if one.everybody is not None]
    is_open = bool(seen) and seen[0].opening.week == week
    seen = [one for one in seen if one.asked]  # not those that asked for key results only
    last = told[0] if told else None
    rising = last is not None and weeks.is_rising(every, last.opening.week)
    shown = {bucket.id for one in seen for bucket in one.buckets}
    buckets = [bucket for bucket in store.all_buckets(session) if bucket.id in shown]
    pair = _first_two(store.buckets(session))
    teams = {team.id: team.name for team in okr.teams(session)}
    listed = [every[one.week] for one in table]
    active = [respondent for respondent in store.respondents(session) if respondent.active]
    rows = tuple(_row(one.opening.week, one.everybody, one, buckets) for one in listed if one.asked)
    lines = tuple(
        _row(teams.get(team, "A team"), split, None, buckets)
        for team, split in sorted((last.teams if last else {}).items())
        if team
    )
    return TimePage(
        sentence=_sentence(last),
        rising=rising,
        open_week=week if is_open else None,
        may_open=week if active and not is_open else None,
        weeks=rows,
        charts=time_charts.charts_of(rows, lines, told, pair, buckets, cursor=cursor),
        teams=lines,
        aims=_aims(last) if last else (),
        buckets=tuple((bucket.name, kind) for bucket, kind in zip(buckets, _kinds(), strict=False)),
        respondents=[_asked(respondent, teams) for respondent in active],
        teams_known=respondents.teams_known(session),
        form=form,
        next_address=next_of("/time", table),
    )


def _asked(respondent: Respondent, teams: Mapping[str, str]) -> Asked:
    team = teams.get(respondent.team_id or "", "–")
    return Asked(
        id=respondent.id,
        name=respondent.name,
        email=respondent.email,
        team=team,
        about=_about(respondent),
    )


def _about(respondent: Respondent) -> str:
    if not respondent.asked_time:
        return "their key results"
    return (
        "time"
        if respondent.fte == 1
        else f"time, {formatting.points(respondent.fte, 0)} of full time"
    )


def _sentence(last: Week | None) -> str:
    if last is None or last.everybody is None:
        return "Where does the time go?"
    new = next(iter(_first_two(last.buckets)), None)
    said = f"{formatting.points(last.everybody.non_elective, 0)} kept the lights on"
    if new and last.everybody.of_elective:
        share = formatting.points(last.everybody.of_elective.get(new.id, 0), 0)
        aim = f" (target {formatting.points(new.target, 0)})" if new.target is not None else ""
        said += f"; {new.name.lower()} got {share} of elective time{aim}"
    return f"{said}."


def _first_two(buckets: Sequence[Bucket]) -> list[Bucket]:
    return [bucket for bucket in buckets if bucket.elective and bucket.retired_at is None][:2]


def _row(label: str, split: Split | None, week: Week | None, buckets: Sequence[Bucket]) -> Row:
    note = _answered(week) if week else ""
    if split is None:
        return Row(label, (), "–", "–", note or "too few to show")
    known = week.buckets if week else buckets
    new = next((bucket.id for bucket in known if bucket.elective), "")
    kinds = zip(buckets, _kinds(), strict=False)
    return Row(
        label,
        tuple((split.of_all.get(bucket.id, 0.0), kind) for bucket, kind in kinds),
        formatting.points(split.non_elective, 0),
        formatting.points(split.of_elective.get(new, 0.0), 0) if split.of_elective else "–",
        note,
    )


def _answered(week: Week) -> str:
    said = f"{figures.count(week.answered)} of {figures.count(week.asked)} answered"
    rest = week.answered - week.counted
    return f"{said}, {figures.count(rest)} not counted yet" if rest and week.counted else said


def _aims(last: Week) -> tuple[Share, ...]:
    """The week's targets, without what was retired since; its time stays in view."""
    kept = tuple(
        _aim(bucket, last.everybody) for bucket in last.buckets if bucket.retired_at is None
    )
    gone = [bucket.id for bucket in last.buckets if bucket.retired_at is not None]
    share = sum(last.everybody.of_all.get(one, 0.0) for one in gone) if last.everybody else 0.0
    if not share:
        return kept
    return (*kept, Share("Kinds retired since", formatting.points(share, 0), "–", "of all time"))


def _aim(bucket: Bucket, split: Split | None) -> Share:
    shares = (split.of_elective if bucket.elective else split.of_all) if split else {}
    return share_of(bucket, shares.get(bucket.id, 0.0))


def _kinds() -> tuple[str, ...]:
    return _KINDS * 10  # more buckets than kinds: they begin again
