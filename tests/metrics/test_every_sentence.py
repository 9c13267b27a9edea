"""Whatever the rule, the metric, the versions and the moment: what a readout and its page say."""

import json
import random
import re
from collections.abc import Iterator
from html import unescape
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from app.analysis.readout_json import as_json
from app.analysis.readout_types import Readout, State
from app.platform import figures
from app.web.experiments import results
from app.web.kit.pages import environment
from tests.metrics.pretend import Kind, kinds, moments, pretend, read
from tests.metrics.test_sentences import NEVER, faults

KINDS = list(kinds())
READ = 6  # moments of each kind; forty of each were read, too
WORDS = {state.word for state in State}
VERDICT = re.compile(r"\b(Validated|Refuted|Inconclusive|Too early to (?:say|tell))\b")
SHARE = re.compile(r"([\d,]+) of (?:the )?([\d,]+)[\w ]* \(([\d.,]+) %\)")
TITLES = {"number": "Orders", "percent": "Buyers", "direct": "Regulars"}


def said_in(readout: Readout) -> list[str]:
    """Every sentence of it."""
    call = readout.call
    told = [
        *(one for row in readout.key_results for one in (row.assumption, row.reason)),
        *(row.reason for row in readout.comparisons),
        readout.novelty,
    ]
    return [
        call.sentence, *call.because, *readout.why_not_yet, readout.headline,
        *readout.health.warnings, *(one for one in told if one),
    ]  # fmt: skip


def text_of(readout: Readout) -> str:
    """The page as a reader meets it."""
    result = results.result_of(readout, TITLES, ZoneInfo("UTC"))
    page = environment("UTC").get_template("experiments/readout_live.html")
    html = page.render(
        result=result, refreshing=False, standing="", frame=SimpleNamespace(now=readout.as_of)
    )
    labels = " . ".join(re.findall(r'aria-label="([^"]*)"', html))
    return " ".join(unescape(re.sub(r"<[^>]+>", " . ", html) + labels).split())


def verdicts(readout: Readout, page: str) -> Iterator[str]:
    """One verdict: the call's, in its badge, its sentence and, unless versions differ, in rows."""
    call, rows = readout.call, readout.comparisons
    if not call.sentence.startswith(call.state.word):
        yield f"the call is {call.state}: {call.sentence}"
    states = {call.state, *(row.state for row in rows)}
    if others := set(VERDICT.findall(page)) - {state.word for state in states}:
        yield f"{call.state}, and the page says {others}"
    for row in rows:
        if VERDICT.search(row.reason or ""):
            yield f"a reason with a verdict: {row.reason}"
    taken_back = not readout.health.sample_ratio.ok or not all(g.ok for g in readout.guardrails)
    allowed = ALLOWED[call.state] | ({State.WAITING} if taken_back else set())
    worse = {row.state for row in rows} - allowed
    if worse:
        yield f"{call.state}, and a version is {worse}"


ALLOWED = {
    State.VALIDATED: set(State),
    State.REFUTED: {State.REFUTED},
    State.INCONCLUSIVE: {State.INCONCLUSIVE, State.REFUTED},
    State.WAITING: {State.WAITING, State.REFUTED},
}


def numbers(readout: Readout, said: list[str]) -> Iterator[str]:
    """A share beside its counts is theirs; what is needed is one number."""
    for one in said:
        for hits, people, share in SHARE.findall(one):
            few, all_ = (int(part.replace(",", "")) for part in (hits, people))
            if figures.share(few / all_) != f"{share} %" and "guardrail" not in one:
                yield f"another share: {one}"
    json.dumps(as_json(readout), allow_nan=False)
    for row in readout.estimates:
        if not 0 <= row.hits <= row.people or row.settled > row.hits:
            yield f"more than all: {row}"
    for arm in readout.arms:
        if arm.open > max(arm.enrolled, arm.released):
            yield f"more can still than there are: {arm}"


def wrong_in(readout: Readout) -> Iterator[str]:
    said, page = said_in(readout), text_of(readout)
    yield from faults(said)
    yield from numbers(readout, said)
    yield from verdicts(readout, page)
    yield from (f"begins small: {one}" for one in said if one[0].islower())
    if readout.rule.counts.is_value and re.search(r"\d points", page):
        yield "values told in points"
    for name in ("an unknown number", "one of many", "a minus before a zero"):
        if found := re.search(NEVER[name], page, re.IGNORECASE):
            yield f"{name} on the page: {page[max(0, found.start() - 60) : found.end() + 60]}"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_readout_says_nothing_that_nobody_would_say(kind: Kind, monkeypatch: pytest.MonkeyPatch):
    rng = random.Random(str(kind))
    found: list[str] = []
    for _ in range(READ):
        one = pretend(kind, rng)
        now = moments(one, rng)
        readout = read(one, now, monkeypatch, late=rng.random() < 0.1)
        found += wrong_in(readout)

    assert found[:6] == []
