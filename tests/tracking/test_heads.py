"""A head that came before is read no third time, and answered and kept as the first time."""

import random
import re
from itertools import pairwise
from typing import Any

import pytest

from app.tracking.edge import Asked, head_of
from app.tracking.heads import Heads
from tests.tracking.doors import Door, opened, said
from tests.tracking.test_edge import Site, click, pixel
from tests.tracking.test_protocol import GET, HOST, ONE, READS_TWO_WAYS, run

USUAL = HOST + b"User-Agent: Mozilla/5.0 Firefox/140.0\r\nAccept-Language: en\r\n\r\n"
HEADS = {
    "nothing but a host": HOST + b"\r\n",
    "a browser's": USUAL,
    "a name in capitals": USUAL.replace(b"Accept-Language", b"ACCEPT-LANGUAGE"),
    "one header twice": b"DNT: 0\r\nDNT: 1\r\n" + USUAL,
    "no host": USUAL.removeprefix(HOST),
    "two hosts": HOST + USUAL,
    "somebody forwarded it": b"X-Forwarded-For: 9.9.9.9\r\n" + USUAL,
    "it closes": b"Connection: close\r\n" + USUAL,
    "it would be something else": b"Connection: upgrade\r\nUpgrade: h2c\r\n" + USUAL,
    "it waits": b"Expect: 100-continue\r\n" + USUAL,
    "an empty body": b"Content-Length: 0\r\n" + USUAL,
    "a body": b"Content-Length: 2\r\n" + USUAL + b"ab",
    "a body like an end": b"Content-Length: 4\r\n" + USUAL + b"\r\n\r\n",
    "a body in pieces": b"Transfer-Encoding: chunked\r\n" + USUAL + b"2\r\nab\r\n0\r\n\r\n",
    "another request behind it": USUAL + ONE,
    "a page behind it": USUAL + b"GET /features HTTP/1.1\r\n" + HOST + b"\r\n",
    "the beginning of another": USUAL + b"GET /c",
    "a long one": b"Cookie: " + b"a" * 5_000 + b"\r\n" + USUAL,
    **{name: HOST + rest for name, rest in READS_TWO_WAYS.items()},
}


def answers(site: Site, *requests: bytes) -> list[bytes]:
    """What each hears in a connection of its own, without the time."""

    async def all_of_them() -> list[bytes]:
        async with opened(site.edge, Door.PROTOCOL) as (port, _):
            return [await said(port, one) for one in requests]

    return [re.sub(rb"date: [^\r]+", b"date:", heard) for heard in run(all_of_them())]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_second_time_is_as_the_first(tmp_path, head: bytes):
    site = Site(tmp_path)

    first, *again = answers(site, *[GET + head] * 3)

    assert again == [first, first]
    kept = [{**line, "t": 0} for line in site.hits()]
    assert len(kept) % 3 == 0
    assert kept == kept[: len(kept) // 3] * 3


def test_another_line_above_a_known_head_is_read_as_it_is(tmp_path):
    site = Site(tmp_path)
    lines = [
        f"GET {click(1, values=('a', 'b'))} HTTP/1.1\r\n",
        f"HEAD {click()} HTTP/1.1\r\n",
        f"GET {pixel()} HTTP/1.1\r\n",
        f"GET {click()}?a=b HTTP/1.1\r\n",
        f"GET {click()[:-1]}~ HTTP/1.1\r\n",
        f"GET {click()}  HTTP/1.1\r\n",
        f"GET {click()} HTTP/1.0\r\n",
        f"GET {click()} HTTP/1.1\n",
        f"POST {click()} HTTP/1.1\r\n",
        "GET /features HTTP/1.1\r\n",
    ]

    heard = answers(site, *[line.encode() + USUAL for line in lines])
    known = answers(site, *[GET + USUAL] * 2, *[line.encode() + USUAL for line in lines])

    assert known[2:] == heard


def test_what_is_known_needs_no_parser():
    heads = Heads()
    head = head_of([(b"host", b"a")])
    came = b"Host: a\r\n\r\n"

    for path in (b"/c/x", b"/c/y"):  # what came once may never come again
        assert heads.asked(b"GET %b HTTP/1.1\r\n" % path + came, "::1") is None
        heads.learn(head)
    asked = heads.asked(b"HEAD /o/y.gif HTTP/1.1\r\n" + came, "::1")

    assert asked is not None
    assert asked == (("HEAD", "/o/y.gif", False), head, "::1")


def test_heads_that_never_come_again_fill_nothing():
    heads = Heads()
    for number in range(2_500):
        one = [(b"host", b"a"), (b"cookie", b"%d" % number)]
        for _ in range(2):
            came = b"GET /c/x HTTP/1.1\r\nHost: a\r\nCookie: %d\r\n\r\n" % number
            heads.asked(came, "")
            heads.learn(head_of(one))

    def known(number: int) -> bool:
        came = b"GET /c/x HTTP/1.1\r\nHost: a\r\nCookie: %d\r\n\r\n" % number
        return heads.asked(came, "") is not None

    assert sum(known(number) for number in range(2_500)) <= 1_000
    assert known(2_499)


_NAMES = ("User-Agent", "user-agent", "USER-AGENT", "DNT", "Sec-GPC", "sec-gpc", "X-Forwarded-For",
          "Purpose", "Accept", "Cookie", "Host", "Content-Length", "Transfer-Encoding",
          "Connection", "Upgrade", "Expect")  # fmt: skip
_VALUES = ("1", "0", " 1", "1 ", "\t1", "", "Mozilla/5.0 Firefox/140.0",
           "mozilla/5.0 firefox/140.0", "Mozilla/5.0", "9.9.9.9", "9.9.9.9, 8.8.8.8", "::1",
           "prefetch", "2", "chunked",
           "close", "keep-alive", "h2c", "100-continue", "b.example", "\xe9")  # fmt: skip
_ENDS = ("\r\n",) * 12 + ("\n", "\r", "\r\n ", " \r\n", "\r\r\n")
_LEFT = ("",) * 12 + ("ab", "\r\n", "\r\n\r\n", "\n\n", "2\r\nab\r\n0\r\n\r\n", "G", "0\r\n\r\n")
_LAST = GET + HOST + b"Connection: close\r\n\r\n"


def _lines(chance: random.Random) -> str:
    """Headers as somebody could send them, most of them well."""
    usual = chance.random() < 0.8
    names = _NAMES[:10] if usual else _NAMES
    one = [
        f"{chance.choice(names)}:{chance.choice((' ', '', '  '))}{chance.choice(_VALUES)}"
        f"{_ENDS[0] if usual else chance.choice(_ENDS)}"
        for _ in range(chance.randrange(4))
    ]
    return "Host: insights.example.com\r\n" + "".join(one) + "\r\n"


def _conversation(chance: random.Random, known: list[str]) -> list[bytes]:
    """Requests over one connection, cut anywhere, each with one of a few heads."""
    lines = (
        f"GET {click()} HTTP/1.1\r\n",
        f"GET {click(1, values=('a', 'b'))} HTTP/1.1\r\n",
        f"HEAD {click()} HTTP/1.1\r\n",
        f"GET {pixel()} HTTP/1.1\r\n",
        f"GET {click()}?a HTTP/1.1\r\n",
    )
    asked = [
        (chance.choice(lines) + chance.choice(known) + chance.choice(_LEFT)).encode("latin-1")
        for _ in range(chance.randrange(1, 6))
    ]
    if chance.random() < 0.5:
        return [*asked, _LAST]
    whole = b"".join(asked) + _LAST
    cuts = sorted(chance.randrange(len(whole)) for _ in range(chance.randrange(4)))
    return [whole[a:b] for a, b in pairwise([0, *cuts, len(whole)]) if a < b]


def _heard_of(site: Site, conversations: list[list[bytes]]) -> list[tuple[bytes, list[Any]]]:
    """What each conversation hears, and what is kept of it."""

    async def all_of_them() -> list[tuple[bytes, list[Any]]]:
        heard = []
        kept = 0
        async with opened(site.edge, Door.PROTOCOL, peer="10.0.0.1") as (port, _):
            for pieces in conversations:
                answer = await said(port, *pieces, pause=0.001)
                hits = [{**line, "t": 0} for line in site.hits()]
                here = sorted(hits[kept:], key=repr)  # the first waits for its link to be looked up
                heard.append((re.sub(rb"date: [^\r]+", b"date:", answer), here))
                kept = len(hits)
        return heard

    return list(run(all_of_them()))


@pytest.mark.parametrize("seed", range(6))
def test_whoever_is_remembered_is_taken_for_nobody_else(tmp_path, seed: int, monkeypatch):
    chance = random.Random(seed)
    known = [_lines(chance) for _ in range(5)]
    conversations = [_conversation(chance, known) for _ in range(40)]
    remembered = 0
    asked = Heads.asked

    def counted(heads: Heads, data: bytes, peer: str) -> Asked | None:
        nonlocal remembered
        found = asked(heads, data, peer)
        remembered += found is not None
        return found

    monkeypatch.setattr(Heads, "asked", counted)
    heard = _heard_of(Site(tmp_path / "with", proxies=("10.0.0.1",)), conversations)
    monkeypatch.setattr(Heads, "asked", lambda *_: None)
    read = _heard_of(Site(tmp_path / "without", proxies=("10.0.0.1",)), conversations)

    assert remembered
    for one, (there, here) in enumerate(zip(heard, read, strict=True)):
        assert there == here, conversations[one]
