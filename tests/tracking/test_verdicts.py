"""Who was behind a request: labelled requests, and what rules owe each other."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tracking.hit_line import HitKind
from app.tracking.judging import go_on, judge
from app.tracking.memory import Memory, micros, read
from app.tracking.verdicts import RULES, Judgement, Message, Request, Verdict

CASES = json.loads((Path(__file__).parent / "cases" / "requests.json").read_text())["cases"]
DELIVERED = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1"
)
HONEYPOT = 9
LINKS = {"pixel": 0, "HP": HONEYPOT, "UNSUB": 8, "L1": 1, "L2": 2, "L3": 3, "L4": 4}
CLICK = Request(
    at=DELIVERED + timedelta(minutes=5),
    kind=HitKind.CLICK,
    link=1,
    method="GET",
    user_agent=CHROME,
    signs="lf",
    address_class="residential",
    address_key="A",
)
MAIL = Message(DELIVERED, settled=True, links_total=4, honeypot=HONEYPOT)


def after(seconds: float, click: Request = CLICK, **fields: Any) -> Request:
    return click._replace(at=click.at + timedelta(seconds=seconds), **fields)


def verdicts(*requests: Request, mail: Message = MAIL) -> list[str]:
    return [said.verdict for said in judge(requests, mail)]


def rules(*requests: Request, mail: Message = MAIL) -> list[str]:
    return [said.rule for said in judge(requests, mail)]


def key_of(label: str) -> str:
    """A, A2: two addresses of one network."""
    return label[0] * 16 + label


def request_of(event: dict[str, Any], *, offset_s: float = 0) -> Request:
    headers = {name.lower(): value for name, value in event["headers"].items()}
    signs = "p" * (headers.get("sec-purpose", headers.get("purpose", ""))[:8] == "prefetch")
    signs += "l" * ("accept-language" in headers) + "f" * ("sec-fetch-dest" in headers)
    return Request(
        at=DELIVERED + timedelta(seconds=event["delay_s"] + offset_s),
        kind=HitKind(event["kind"]),
        link=LINKS[event["link"]],
        method=event["method"],
        user_agent=event["user_agent"],
        signs=signs,
        address_class=event["ip_class"],
        address_key=key_of(event["ip"]),
    )


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_labelled_request_gets_its_verdict_by_its_rule(case):
    event = case["event"]
    around = [
        request_of(
            event | near | {"headers": event["headers"] | near.get("headers", {})},
            offset_s=near["offset_s"],
        )
        for near in case["neighbours"]
    ]
    mail = MAIL._replace(links_total=case["links_total"])

    said = judge([request_of(event), *around], mail)[0]

    expected = case.get("missed", case)  # what we know that we miss
    assert (said.verdict, said.rule) == (expected["verdict"], expected["rule"])


def test_every_rule_has_a_case():
    assert {case["rule"] for case in CASES} == {f"R{n:02}" for n in range(1, 16)}
    assert len(RULES) == 15


def test_a_burst_long_after_delivery_is_a_scanner():
    clicks = [after(3600 + n, link=link) for n, link in enumerate((1, 2, 3))]

    assert verdicts(*clicks) == ["scanner"] * 3


def test_the_browser_fetching_three_links_ahead_is_no_burst():
    ahead = [after(n / 2, link=n + 1, signs="plf") for n in range(3)]

    assert rules(*ahead, after(2)) == ["R02", "R02", "R02", "R15"]


def test_a_person_before_and_after_a_burst_is_not_part_of_it():
    burst = [
        after(600 + n, link=n + 1, user_agent="Mozilla/5.0 X", address_key="B") for n in range(3)
    ]

    said = rules(after(0, user_agent=SAFARI), *burst, after(700, link=2, user_agent=SAFARI))

    assert said == ["R15", "R10", "R10", "R10", "R15"]


def test_the_company_of_a_scanner_widens_with_each_catch():
    trap = after(0, link=HONEYPOT)
    chain = [after(n * 800, link=1) for n in range(1, 5)]

    assert rules(trap, *chain) == ["R03", *["R09"] * 4]


def test_the_hidden_link_changes_nothing_that_came_before():
    assert rules(after(0), after(20, link=HONEYPOT), after(40)) == ["R15", "R03", "R09"]


def test_another_caller_is_not_in_the_company_of_a_scanner():
    trap = after(0, link=HONEYPOT)

    assert rules(trap, after(5, user_agent=SAFARI, address_key="B")) == ["R03", "R15"]


def test_callers_without_address_or_user_agent_are_not_the_same_caller():
    trap = after(0, link=HONEYPOT, user_agent="", address_key="")

    assert rules(trap, after(60, user_agent="", address_key="")) == ["R03", "R14"]


def test_a_second_click_of_the_same_moment_is_a_duplicate_and_a_third_counts_again():
    said = verdicts(after(0), after(2), after(3.5))

    assert said == ["human", "duplicate", "human"]


def test_a_tester_on_loopback_with_a_plain_client_is_a_person():
    assert verdicts(after(0, signs="", address_class="unknown", address_key="")) == ["human"]


def test_bare_headers_from_a_public_address_are_one_weak_signal():
    assert rules(after(0, signs="")) == ["R14"]


def test_until_its_mail_is_settled_nobody_counts_as_a_person():
    waiting = Message(None, settled=False, links_total=4)

    assert [(s.verdict, s.rule) for s in judge([CLICK], waiting)] == [("unknown", "R00")]


def test_when_nobody_knows_when_the_mail_was_accepted_the_other_rules_decide():
    uncertain = Message(None, settled=True, links_total=4)

    assert verdicts(CLICK, mail=uncertain) == ["human"]


@pytest.mark.parametrize(
    "user_agent",
    [
        CHROME,
        SAFARI,
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
        "Outlook-iOS/709.2226530.prod.iphone (3.24.1)",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/8.0; .NET4.0C)",
        "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    ],
)
def test_a_reader_is_a_person(user_agent):
    assert verdicts(after(0, user_agent=user_agent)) == ["human"]


REQUESTS = st.builds(
    after,
    st.integers(-400, 2000),
    link=st.integers(0, 4) | st.just(HONEYPOT),
    kind=st.sampled_from(HitKind),
    method=st.sampled_from(["GET", "GET", "HEAD"]),
    user_agent=st.sampled_from([CHROME, SAFARI, "curl/8.0", "", "GoogleImageProxy"]),
    signs=st.sampled_from(["lf", "", "p"]),
    address_key=st.sampled_from(["A", "B", ""]),
)


@settings(max_examples=100)
@given(st.lists(REQUESTS, max_size=12, unique=True), st.randoms())
def test_the_order_in_which_hits_are_read_changes_no_verdict(requests, random):
    shuffled = list(requests)
    random.shuffle(shuffled)

    said = dict(zip(requests, judge(requests, MAIL), strict=True))

    assert [said[request] for request in shuffled] == judge(shuffled, MAIL)


def in_parts(requests: list[Request], ends: list[int]) -> dict[Request, Judgement]:
    """As ingest has them: on from what is remembered, or all again where that does not do."""
    memory = Memory()
    said: dict[Request, Judgement] = {}
    for start, end in itertools.pairwise([0, *ends, len(requests)]):
        new = sorted(requests[start:end])
        known = sorted(requests[:end])
        found = None
        if not new or micros(new[0].at) > memory.last:
            found = go_on(memory, new, MAIL)
        if found is None:
            memory, new = Memory(), known
            found = go_on(memory, new, MAIL)
        assert found is not None
        memory = read(memory.written())
        memory.last = micros(known[-1].at) if known else -1
        said |= dict(zip(new, found, strict=True))
    return said


@settings(max_examples=300)
@given(st.lists(REQUESTS, max_size=14, unique=True), st.lists(st.integers(0, 14)), st.booleans())
def test_judged_in_parts_hits_get_the_verdicts_of_the_whole(requests, ends, in_order):
    if in_order:
        requests = sorted(requests)
    parts = sorted(end for end in ends if end <= len(requests))

    said = in_parts(requests, parts)

    assert [said[one] for one in requests] == judge(requests, MAIL)


@settings(max_examples=100)
@given(st.lists(REQUESTS, max_size=12))
def test_a_request_that_is_not_a_get_is_never_a_person(requests):
    said = zip(requests, judge(requests, MAIL), strict=True)

    assert all(j.verdict is Verdict.SCANNER for r, j in said if r.method != "GET")
