"""The mail with its counts: every link of it says who followed it, and of nobody else's."""

import re
from html import unescape

import pytest

from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, TrackedLink, sign
from app.web.experiments import link_map
from app.web.experiments.link_map import Followed

KEYRING = Keyring.of([b"a" * 32])
TOLD = Followed({1: 62, 2: 9}, unsubscribed=1, released=600)


def click(position: int) -> str:
    token = sign(TrackedLink(7, NEVER_COUNTS, position), Kind.CLICK, KEYRING)
    return f"https://links.example/c/{token}"


def marked(*addresses: str) -> list[str]:
    """What stands behind each link."""
    mail = "".join(f'<p><a style="x" href="{one}">Go</a> on</p>' for one in addresses)
    found = link_map.marked(mail, TOLD, KEYRING)
    assert re.sub(r"<span.*?</span>", "", found) == mail
    return [unescape(said) for said in re.findall(r"</a>(?:<span[^>]*>(.*?)</span>)?", found)]


def test_each_link_says_how_many_people_followed_it():
    assert marked(click(1), click(2)) == ["62 people, 10.3 %", "9 people, 1.5 %"]


def test_a_link_that_nobody_followed_says_so():
    assert marked(click(3)) == ["0 people, 0.0 %"]


def test_the_way_out_says_who_left():
    assert marked(f"https://links.example/u/{'A' * 32}") == ["1 person, 0.2 %"]


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example", f"https://x.example/c/{'A' * 32}"]
)
def test_a_link_that_is_not_counted_says_nothing(address: str):
    assert marked(address) == [""]


def test_the_link_that_most_followed_stands_out():
    found = link_map.marked(f'<a href="{click(1)}">a</a><a href="{click(2)}">b</a>', TOLD, KEYRING)
    first, second = re.findall(r"background:(#\w+)", found)

    assert first != second


def test_without_anybody_mailed_there_is_no_share():
    none = Followed({}, unsubscribed=0, released=0)

    assert "0 people</span>" in link_map.marked(f'<a href="{click(1)}">a</a>', none, KEYRING)
