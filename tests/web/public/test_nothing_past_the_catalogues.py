"""What respondents and customers read, in a language made up for it: no English is left."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from app.allocation.calendar import number_of
from app.allocation.models import Respondent
from app.analysis.readout_types import State as Called
from app.delivery.mail import letterhead
from app.experiments.models import Experiment
from app.languages.words import Words
from app.links.keyring import Kind
from app.links.token import TrackedLink, sign
from app.okr import amounts, sayings
from app.okr.progress import Pace
from app.okr.statements import Found, State
from app.outreach import friday_mail
from app.platform import clock
from app.platform.db import Database
from app.platform.iso_weeks import week_of
from app.review import items
from app.review.friday_questions import Asked
from app.review.schemas import CommitmentDraft
from app.review.shapes import Item
from app.stats.closer import Told
from app.web.kit import friday_questions, key_result_line
from tests import pseudo
from tests.okr import test_statements
from tests.okr.scenes import NOW
from tests.web.conftest import Browser
from tests.web.public.test_friday_owners import given, value_put
from tests.web.public.test_public import send_id, sent, settings  # noqa: F401 - fixtures
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures

TODAY = NOW.date()


@pytest.fixture(autouse=True)
def words() -> Iterator[Words]:
    with pseudo.spoken() as words:
        yield words


def test_the_language_is_one_that_only_the_catalogues_speak(words: Words):
    assert words.say("Goal: {goal}", goal="4") == "Γοαλ: 4"
    assert pseudo.left_on('<p title="Yes">Ναι</p>') == ["Yes"]


def told(direction: int, *, as_factors: bool = False) -> Told:
    low, high = (1.01, 1.2) if as_factors else (1.5, 6.25)
    return Told(direction=direction, p=0.03, limit=0.05, moved=(low + high) / 2, low=low, high=high,
                noise=(0.0, 9.0), begins=3.0, now=6.0, as_factors=as_factors)  # fmt: skip


@pytest.mark.parametrize("unit", ["number", "percent", "EUR"])
@pytest.mark.parametrize("kind", ["increase", "maintain", "milestone"])
def test_no_sentence_of_a_key_result_is_left_in_english(words: Words, unit: str, kind: str):
    said = []
    for counter in (True, False):
        row = test_statements.key_result(
            kind=kind, unit=unit, running_total=counter, low=1.5, high=4.0
        )
        said += [
            sayings.in_words(row, Found(state, "2026-W47", 7, 13, told=one, held=held,
                                        possible_from=day, asks_running_total=True), words)
            for state in State
            for one in (None, told(1), told(-1), told(0, as_factors=True))
            for held in (0, 1)
            for day in (None, TODAY)
        ]  # fmt: skip
    for pace in Pace:
        for as_of in (None, TODAY):
            for stale in (True, False):
                for chance in (None, 0.02, 0.1, 0.4, 0.96):
                    line = SimpleNamespace(
                        as_of=as_of, pace=pace, kind=kind, progress=0.4, stale=stale, confidence=7,
                        forecast=SimpleNamespace(chance=chance),
                        lands=lambda spoken, chance=chance: sayings.chance_in_words(
                            chance, TODAY, spoken
                        ),
                    ) if chance else SimpleNamespace(
                        as_of=as_of, pace=pace, kind=kind, progress=None, stale=stale,
                        confidence=None, forecast=None, lands=lambda _spoken: "",
                    )  # fmt: skip
                    said.append(key_result_line.state(line, words))  # type: ignore[arg-type]  # what it reads
    said.append(key_result_line.way(row, words))
    said += [amounts.change(one, unit, words) for one in (0.0, 1.0, -1.0, 2.5)]

    assert [one for one in said if pseudo.left(one)] == []
    assert all(said)


def view(title: str, state: State) -> Any:
    found = Found(state, "2026-W47", 7, 13, told=told(1))
    row = test_statements.key_result()
    row.title = title
    return SimpleNamespace(row=row, found=found)


@pytest.mark.parametrize("is_again", [True, False])
@pytest.mark.parametrize("asked_time", [True, False])
def test_no_sentence_of_fridays_mail_is(words: Words, asked_time: bool, is_again: bool):
    ann = Respondent(number=7, name="Άννα", email="a@b.example", asked_time=asked_time)
    theirs = Asked((view("Φούρνοι", State.CLOSER), view("Έσοδα", State.TOO_EARLY)),
                   (Item("1", "Ψωμί", "Άννα", None, "Άννα"),))  # fmt: skip
    said = friday_mail.said("2026-W47", ann, theirs, words, closes=NOW, is_again=is_again)
    every = (said.subject, said.heading, *said.paragraphs, said.label, said.foot)

    assert len(said.paragraphs) >= 5
    assert [one for one in every if pseudo.left(one)] == []


def test_no_question_about_an_experiment_is(words: Words):
    for state in Called:
        for comparisons in ((), (SimpleNamespace(difference=0.016, arm="Β", baseline="Α",
                                                 state=state),)):  # fmt: skip
            for kind in ("click_rate", "value_per_person"):
                said = friday_questions._question(
                    SimpleNamespace(name="Ψωμί", started_at=NOW, design={"metric": {"kind": kind}}),  # type: ignore[arg-type]  # what it reads
                    SimpleNamespace(call=SimpleNamespace(state=state), comparisons=comparisons,
                                    estimates=[SimpleNamespace(rate=0.12)]),  # type: ignore[arg-type]  # likewise
                    words, zone=NOW.tzinfo, now=NOW,  # type: ignore[arg-type]  # likewise
                )  # fmt: skip
                assert said
                assert pseudo.left(said) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_word_of_fridays_page_is(stranger: Browser, database: Database, application: FastAPI):
    key = given(database, owner="Άννα", gives_time=True, title="Φούρνοι", unit="percent")
    today = clock.now().date()
    with database.write() as session:
        ann = session.get_one(Respondent, "ann")
        ann.name, ann.language = "Άννα", pseudo.LANGUAGE
        items.commit(session, items.week_before(week_of(today)),
                     CommitmentDraft(text="Ψωμί", owner="Άννα"), by="Άννα",
                     now=clock.now())  # fmt: skip
    for weeks in range(6):
        value_put(database, key, today - timedelta(days=7 * weeks), 14 - weeks + 0.5)
    link = TrackedLink(number_of(week_of(today)), 7, 0)
    page = f"/s/{sign(link, Kind.SURVEY, application.state.keyring)}"
    shares = {"share.lights": "40", "share.new": "36", "share.existing": "12"}
    shown = {"first": stranger.get(page)}
    for name, typed in {
        "too few": shares, "no number": shares | {"share.new": "x"},
        "too much": shares | {"share.productivity": "99"},
        "a long note": shares | {"share.productivity": "12", "note": "ψ" * 1001},
        "no value": shares | {"share.productivity": "12", f"value.{key}": "ψ",
                              f"confidence.{key}": "11", f"comment.{key}": "ψ" * 2001},
    }.items():  # fmt: skip
        shown[name] = stranger.post(page, csrf="", **typed)
        assert shown[name].status_code == 422, name
    full = shares | {"share.productivity": "12", f"value.{key}": "15", f"confidence.{key}": "7"}
    shown["thanks"] = stranger.get(stranger.post(page, csrf="", **full).headers["location"])

    assert {name: pseudo.left_on(answer.text) for name, answer in shown.items()} == {
        name: [] for name in shown
    }
    assert "Φούρνοι" in shown["first"].text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_word_of_ours_that_a_customer_reads_is(
    stranger: Browser,
    sent: str,  # noqa: F811 - the fixture
    database: Database,
    application: FastAPI,
):
    with database.write() as session:
        experiment = session.get_one(Experiment, sent)
        arms = [arm | {"answer_page": "Ψωμί"} for arm in experiment.design["arms"]]
        experiment.design = experiment.design | {
            "language": pseudo.LANGUAGE, "arms": arms, "sender": {"from_name": "Φούρνος"},
        }  # fmt: skip
    link, shown = TrackedLink(1, send_id(database), 0), {}
    for kind in (Kind.UNSUBSCRIBE, Kind.PREFERENCES, Kind.ANSWER):
        place = f"/{kind}/{sign(link, kind, application.state.keyring)}"
        shown[f"{kind} looked at"] = stranger.get(place).text
        shown[f"{kind} sent"] = stranger.post(place, csrf="").text
        shown[f"{kind} broken"] = stranger.get(f"{place}x", **{"accept-language": "el"}).text

    assert {name: pseudo.left_on(page) for name, page in shown.items()} == {
        name: [] for name in shown
    }


def test_nothing_around_the_words_of_a_mail_is(settings: Any):  # noqa: F811 - the fixture
    head = letterhead.letterhead(settings, experiment_id="e", sender={"from_name": "Φούρνος"},
                                 language=pseudo.LANGUAGE)  # fmt: skip
    content = letterhead.Words(preheader="", html="<p>Ψωμί</p>", text="Ψωμί", has_way_out=False)
    page = letterhead.html_letter(head, content)
    plain = letterhead.text_letter(head, content)

    assert [pseudo.left_on(page), pseudo.left(plain)] == [[], []]
