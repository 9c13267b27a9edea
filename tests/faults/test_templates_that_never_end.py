"""Templates that never end: their authors are told, and everybody else goes on (F24)."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, click, links_in, wait_until

LOOPS = "{% for i in (1..9999) %}{{ (1..9000) | sum }}{% endfor %}"
SLOW = "longer than 2 seconds"
ENDLESS = {  # and what their authors read
    "loops": (LOOPS, SLOW),
    "openings": ("{{" * 20_000, SLOW),
    "text": (
        '{% assign x = "a" %}' + "{% assign x = x | append: x %}" * 60 + "{{ x }}",
        "more than 1,000,000 characters",
    ),
    "blocks": ("{% if true %}" * 9_000, "nesting"),
    "one person": ('{% if name == "Baker 7" %}' + LOOPS + "{% endif %}", SLOW),
    "links": ("[a](" * 45_000, ""),
}
LINK = " [Show](https://x.example)"
ASKED = ("checklist", "plan", "progress")


def written(api: httpx.Client, audience: str, name: str, body: str) -> str:
    arm = DESIGN["arms"][0] | {"body": body + LINK}
    design = DESIGN | {"audience_id": audience, "name": name, "arms": [arm]}
    return str(made(api.post("/experiments", json=design))["id"])


def p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


def test_authors_are_told_and_everybody_else_goes_on(
    service: Installation, mailbox: Mailbox, *, full: bool
):
    statuses: Counter[int] = Counter()
    took: dict[str, list[float]] = {"click": [], "change": []}

    def timed(what: str, ask: Callable[[], httpx.Response]) -> None:
        began = time.monotonic()
        statuses[ask().status_code] += 1
        took[what].append(time.monotonic() - began)

    with service.api("editor") as api:
        audience = given_an_audience(api, people=40)
        well = written(api, audience, "Well", "{% if euros > 40 %}{{ name | upcase }}{% endif %}")
        sick = [written(api, audience, name, body) for name, (body, _) in ENDLESS.items()]
        asked = [f"/experiments/{one}/{part}" for one in sick for part in ASKED]
        asked *= 20 if full else 1
        with ThreadPoolExecutor(30) as authors:
            answers = [authors.submit(api.get, path) for path in asked]
            answers += [authors.submit(api.post, f"/experiments/{one}/launch") for one in sick]
            assert api.post(f"/experiments/{well}/launch").status_code < 300
            wait_until(lambda: finished(api, well), what="the sending beside them")
            links = [links_in(mail)[0] for _, mail in mailbox.mails()]
            while not all(one.done() for one in answers):
                timed("click", lambda: click(links[0]))
                timed("change", lambda: api.post("/features", json={"title": "Another"}))
            told = Counter(one.result().status_code for one in answers)
        read = [api.get(f"/experiments/{one}/checklist").text for one in sick]

    print(
        f"{len(answers)} answers to authors {dict(told)}; beside them {dict(statuses)};"
        f" p99 of clicks {p99(took['click']):.2f} s, of changes {p99(took['change']):.2f} s"
    )
    assert max(told) <= 503  # come again in a moment
    assert set(statuses) <= {201, 302}
    assert len(links) == 40
    for text, (name, (_, says)) in zip(read, ENDLESS.items(), strict=True):
        assert says in text, name
