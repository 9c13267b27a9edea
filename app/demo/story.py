"""Halvern's experiments: what each mail said, who acted, and what became of it. All invented."""

from dataclasses import dataclass
from typing import Any

from app.platform import figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One experiment of the story: who acted, and what became of it."""

    name: str
    feature: int
    slice: int
    believe: str
    subject: str
    preheader: str
    body: str
    answer: str
    threshold: float = 0.08
    forecast: float  # what its author said beforehand
    clickers: int | None = None  # None: not launched
    hours_ago: float = 0
    decision: str | None = None
    learning: str = ""


STORY = (
    Told(
        forecast=0.6,
        name="Wasted products by email",
        feature=0,
        slice=0,
        believe="Bakers will act on a list of wasted products, because nobody has shown them one.",
        subject="{{ bakery }}: what was thrown away last week",
        preheader="Your most wasted product",
        body="Good morning {{ name }},\n\nlast week **{{ product }}** was what {{ bakery }} threw away"
        " most.\n\n[See your wasted products](answer:)\n\nHalvern",
        answer="# {{ bakery }}\n\nMost thrown away last week: **{{ product }}**.\n\n"
        "Bake a tray less and see.",
        clickers=22,
        hours_ago=6 * 168,
        decision="iterate",
        learning="A list of products is interesting and leaves people cold. Several answered: how"
        " much is that in money?",
    ),
    Told(
        forecast=0.7,
        name="Waste in euros by email",
        feature=0,
        slice=1,
        believe="Bakers will act on waste told in euros, because a share of bread means nothing.",
        subject="{{ bakery }}, {{ euros }} € a week",
        preheader="{{ share }} % of your Tuesday rye is thrown away",
        body="Good morning {{ name }},\n\n{{ bakery }}, **{{ share }} % of your Tuesday rye is thrown"
        " away: {{ euros }} € a week.**\n\n[Show my list](answer:)\n\nHalvern",
        answer="# {{ bakery }}\n\n**{{ euros }} € a week** goes into the bin, most of it on Tuesday:"
        " {{ share }} % of the rye.\n\nBake a fifth less rye on Tuesday and sell out an hour before"
        " closing.",
        clickers=72,
        hours_ago=4 * 168,
        decision="build",
        learning="Money moves bakers where products did not: three times as many followed the link.",
    ),
    Told(
        forecast=0.5,
        name="Weather plan by email",
        feature=1,
        slice=0,
        believe="Bakers will plan by the weather if we tell them what it does to their sales.",
        subject="{{ bakery }}: rain on Saturday",
        preheader="Fewer rolls, more rye",
        body="Good morning {{ name }},\n\nit will rain on Saturday. In such weather {{ bakery }} sells"
        " fewer rolls.\n\n[See a plan for the weather](answer:)\n\nHalvern",
        answer="# {{ bakery }}\n\nRain on Saturday: a third fewer rolls, a fifth more rye.",
        clickers=31,
        hours_ago=3 * 168,
        decision="stop",
        learning="Bakers look at the sky themselves. Eight weeks of building avoided.",
    ),
    Told(
        forecast=0.6,
        name="Staffing hints by email",
        feature=2,
        slice=0,
        believe="Owners will look at their shifts: the early hours cost them most after flour.",
        subject="{{ bakery }}: one early shift less on {{ day }}",
        preheader="What the till says about your early shift",
        body="Good morning {{ name }},\n\non {{ day }} your till is quiet until eight. One person less"
        " on the early shift would save **{{ euros }} €**.\n\n"
        '[Show me the hours](answer: "hours") or [ask us](answer: "ask")\n\nHalvern',
        answer="# {{ bakery }}\n\nBefore eight on {{ day }}, your till rings four times an hour.\n\n"
        "One person less on the early shift saves **{{ euros }} €**.",
        clickers=62,
        hours_ago=47,
    ),
    Told(
        forecast=0.3,
        name="Price of a second shop",
        feature=3,
        slice=0,
        believe="Owners of two shops will reserve at 29 €, because they keep two lists today.",
        subject="{{ bakery }}: a second shop for 29 €",
        preheader="Plan both shops in one place",
        body="Good morning {{ name }},\n\nPlanner Plus plans a second shop for **29 € a month**.\n\n"
        '[Reserve it](answer: "reserve")\n\nHalvern',
        answer="# Thank you, {{ name }}\n\nYour place is kept. We call before anything is charged.",
        threshold=0.01,
    ),
)


def design_of(told: Told, *, slice_id: str, audience_id: str, key_result_id: str) -> dict[str, Any]:
    """The experiment as anybody would send it to the API."""
    return {
        "name": told.name,
        "slice_id": slice_id,
        "hypothesis": {
            "believe": told.believe,
            "verify": "Mail 600 bakeries the insight, written by hand from last week's till.",
            "measure": "People who follow the link within 72 hours.",
            "right_if": f"We can say that more than {figures.limit(told.threshold)} of them do.",
        },
        "riskiest": "desirability",
        "forecast": told.forecast,
        "audience_id": audience_id,
        "sender": {"from_name": "Halvern", "reply_to": None},
        "arms": [
            {
                "key": "insight",
                "subject": told.subject,
                "preheader": told.preheader,
                "body": told.body,
                "answer": told.answer,
            }
        ],
        "metric": {"kind": "click_rate"},
        "rule": {"kind": "threshold", "threshold": told.threshold},
        "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
        "key_results": [
            {"key_result_id": key_result_id, "mode": "evidence", "reach": 12_000, "carry": 0.25}
        ],
    }
