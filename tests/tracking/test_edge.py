"""A hit is kept before its answer, and nothing keeps the reader from the answer."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, NOBODY, TrackedLink, pack_fills, read, sign
from app.platform import journal
from app.platform.config import Durability
from app.platform.errors import Unavailable
from app.platform.journal import Journal
from app.tracking import snapshots
from app.tracking.destinations import Destinations, Target, TargetKind, Targets
from app.tracking.edge import Edge
from app.tracking.losses import lost_in
from tests.tracking.doors import Door, opened

KEYRING = Keyring.of([b"k" * 32])
HOST = "https://insights.example.com"
SET = 7
TARGETS = {
    0: Target(TargetKind.FIXED, "https://shop.example.com/waste?from=mail"),
    1: Target(TargetKind.PERSONAL, "https://shop.example.com/k/{0}?week={1}"),
    2: Target(TargetKind.ANSWER, ""),
    3: Target(TargetKind.FIXED, "https://shop.example.com/æ\r\nSet-Cookie: a=b"),
}
BROWSER = {"User-Agent": "Mozilla/5.0 Firefox/140.0", "Accept-Language": "en"}


async def behind(scope: Any, _receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the app"})


class Site:
    """An edge on a folder, with what a test wants to be different."""

    def __init__(
        self,
        folder: Path,
        *,
        load: Callable[[int], Targets | None] = {SET: TARGETS}.get,
        limit: int = 10**9,
        proxies: tuple[str, ...] = (),
        door: Door = Door.PROTOCOL,
    ) -> None:
        self.door = door
        self.folder = folder
        self.spool = folder / "hits"
        self.journal = Journal.open(self.spool, durability=Durability.PROCESS, limit=limit)
        self.destinations = Destinations(load, lambda: (1, 0), folder / "destinations")
        self.edge = Edge(
            behind,
            keyring=KEYRING,
            destinations=self.destinations,
            journal=self.journal,
            public_url=HOST,
            trusted_proxies=proxies,
            folder=folder,
            is_known=lambda: True,
        )

    def ask(self, path: str, method: str = "GET", peer: str = "127.0.0.1", **headers: Any) -> Any:
        async def once() -> httpx.Response:
            async with (
                opened(self.edge, self.door, peer=peer) as (port, _),
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            ):
                return await client.request(method, path, headers=BROWSER | headers)

        return asyncio.run(once())

    def hits(self) -> list[dict[str, Any]]:
        segments = journal.segments(self.spool)
        return [json.loads(line) for s in segments for _, line in journal.lines(s, 0)]


@pytest.fixture(params=list(Door))
def door(request: pytest.FixtureRequest) -> Door:
    return Door(request.param)


@pytest.fixture
def site(tmp_path: Path, door: Door) -> Site:
    return Site(tmp_path, door=door)


def click(link: int = 0, *, send_id: int = 5, values: tuple[str, ...] = ()) -> str:
    fills = pack_fills(values) if values else b""
    return f"/c/{sign(TrackedLink(SET, send_id, link, fills), Kind.CLICK, KEYRING)}"


def pixel(send_id: int = 5) -> str:
    return f"/o/{sign(TrackedLink(SET, send_id, 0), Kind.OPEN, KEYRING)}.gif"


def test_a_click_is_redirected_and_kept(site):
    answer = site.ask(click())

    assert answer.status_code == 302
    assert answer.headers["location"] == TARGETS[0].address
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    [hit] = site.hits()
    assert (hit["k"], hit["s"], hit["i"], hit["l"], hit["m"]) == ("c", SET, 5, 0, "GET")


def test_an_open_is_a_small_image_and_kept(site):
    answer = site.ask(pixel())

    assert (answer.status_code, len(answer.content)) == (200, 43)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert [hit["k"] for hit in site.hits()] == ["o"]


def test_everything_else_goes_to_the_app(site):
    assert site.ask("/features").text == "the app"
    assert site.hits() == []


@pytest.mark.parametrize("path", [click(), pixel()])
def test_head_is_answered_without_a_body_and_kept(site, path):
    answer = site.ask(path, "HEAD")

    assert answer.status_code in {200, 302}
    assert answer.content == b""
    assert [hit["m"] for hit in site.hits()] == ["HEAD"]


@pytest.mark.parametrize("path", [click(), pixel()])
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "PROPFIND"])
def test_any_other_method_is_refused_and_kept(site, path, method):
    answer = site.ask(path, method)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert len(site.hits()) == 1


@pytest.mark.parametrize(
    "path",
    ["/c/", "/c/x", click()[:-1] + "~", click() + "A", click().replace("/c/", "/o/"), "/c/æøå",
     pixel().replace("/o/", "/c/"), "/c/" + "A" * 5000, click(link=200)],
)  # fmt: skip
def test_a_link_that_is_not_ours_goes_nowhere(site, path):
    answer = site.ask(path)

    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "Open it again from the mail" in answer.text
    assert site.hits() == []


def test_ten_clicks_on_a_link_that_never_counts_leave_nothing(site):
    for _ in range(10):
        assert site.ask(click(send_id=NEVER_COUNTS)).status_code == 302
        assert site.ask(pixel(send_id=NEVER_COUNTS)).status_code == 200

    assert site.hits() == []


def test_a_personal_link_carries_its_values_escaped(site):
    answer = site.ask(click(1, values=("Åse & co", "2026-W47")))

    assert answer.headers["location"] == (
        "https://shop.example.com/k/%C3%85se%20%26%20co?week=2026-W47"
    )


def test_a_personal_link_without_its_values_goes_nowhere(site):
    assert site.ask(click(1)).status_code == 404


def test_an_answer_link_leads_to_our_own_page(site):
    location = site.ask(click(2, values=("61",))).headers["location"]

    token = location.removeprefix(f"{HOST}/a/")
    assert read(token, Kind.ANSWER, KEYRING).id == 5


def test_an_address_cannot_end_the_header(site):
    answer = site.ask(click(3))

    assert answer.headers["location"].endswith("/%C3%A6%0D%0ASet-Cookie:%20a=b")
    assert "set-cookie" not in answer.headers


def test_a_set_that_the_database_does_not_know_goes_nowhere(tmp_path, door):
    assert Site(tmp_path, load=lambda _: None, door=door).ask(click()).status_code == 404


def away(_set_id: int) -> Targets | None:
    raise Unavailable("away")


def test_while_the_database_is_away_an_unknown_link_may_be_tried_again(tmp_path, door):
    answer = Site(tmp_path, load=away, door=door).ask(click())

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_a_restart_serves_from_the_snapshot_while_the_database_is_away(tmp_path, door):
    snapshots.write(tmp_path / "destinations", {SET: TARGETS})

    site = Site(tmp_path, load=away, door=door)

    assert site.ask(click()).status_code == 302
    assert len(site.hits()) == 1


def test_a_link_kept_after_the_start_is_served_while_the_database_is_away(tmp_path, door):
    site = Site(tmp_path, load=away, door=door)
    before = site.ask(click()).status_code
    snapshots.write(tmp_path / "destinations", {SET: TARGETS})

    assert (before, site.ask(click()).status_code) == (503, 302)


def test_a_spoilt_snapshot_is_not_believed(tmp_path, door):
    snapshots.write(tmp_path / "destinations", {SET: TARGETS})
    file = tmp_path / "destinations"
    file.write_bytes(file.read_bytes().replace(b"shop", b"evil"))

    assert Site(tmp_path, load=away, door=door).ask(click()).status_code == 503


def test_a_full_spool_loses_the_hit_but_not_the_reader(tmp_path, caplog, door):
    site = Site(tmp_path, limit=100, door=door)

    with caplog.at_level(logging.WARNING):
        statuses = [site.ask(click()).status_code for _ in range(3)]

    assert statuses == [302] * 3
    assert site.hits() == []
    assert lost_in(tmp_path) == 3
    assert "not kept" in caplog.text


def test_the_address_is_not_kept(tmp_path, door):
    site = Site(tmp_path, door=door)
    for peer in ("93.184.216.34", "93.184.216.99", "8.8.8.8"):
        site.ask(click(), peer=peer)

    first, same, other = (hit["a"] for hit in site.hits())
    assert first[:16] == same[:16] != other[:16]
    assert first != same
    assert all(b"93.184" not in file.read_bytes() for file in tmp_path.rglob("*.*"))


def test_loopback_and_private_callers_are_unknown(site):
    for peer in ("127.0.0.1", "10.1.2.3", "::1", "testclient"):
        site.ask(click(), peer=peer)

    assert {(hit["c"], hit["a"]) for hit in site.hits()} == {("unknown", "")}


FORWARDED = {"X-Forwarded-For": "1.1.1.1, 93.184.216.34, 10.0.0.9"}


def test_a_forwarded_address_counts_from_a_trusted_proxy_only(tmp_path, door):
    trusting = Site(tmp_path / "a", proxies=("10.0.0.0/8",), door=door)
    trusting.ask(click(), peer="10.0.0.1", **FORWARDED)
    trusting.ask(click(), peer="93.184.216.34")
    trusting.ask(click(), peer="8.8.8.8", **FORWARDED)
    plain = Site(tmp_path / "b", door=door)
    plain.ask(click(), peer="10.0.0.1", **FORWARDED)

    behind_proxy, direct, stranger = (hit["a"] for hit in trusting.hits())
    assert behind_proxy == direct != stranger
    assert plain.hits()[0]["c"] == "unknown"


def test_what_headers_tell_is_kept_as_letters(site):
    site.ask(click(), **{"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate"})
    site.ask(click(), **{"X-Moz": "Prefetch"})
    site.ask(click(), **{"Sec-GPC": "1"})

    assert [hit["f"] for hit in site.hits()] == ["lfp", "lp", "lg"]


def test_a_long_or_strange_user_agent_is_cut_and_kept(site):
    site.ask(click(), **{"User-Agent": b'a"\\\t' + b"\xe9" * 500})

    [hit] = site.hits()
    assert hit["u"].startswith('a"\\')
    assert len(hit["u"]) == 400


def run(edge_work: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await edge_work

    return asyncio.run(main())


def test_an_edited_address_comes_into_force_at_the_next_look(tmp_path):
    sets: dict[int, Targets] = {SET: TARGETS}
    versions = [1]
    destinations = Destinations(sets.get, lambda: (versions[0], 0), tmp_path / "none")

    async def edit() -> list[str]:
        seen = []
        for address in ("https://old.example.com", "https://new.example.com"):
            sets[SET] = {0: Target(TargetKind.FIXED, address)}
            versions[0] += 1
            await destinations.refresh()
            seen.append((await destinations.find(SET))[0].address)
        return seen

    assert run(edit()) == ["https://old.example.com", "https://new.example.com"]


def test_new_sets_are_known_before_anybody_clicks(tmp_path):
    """A database that goes away right after a launch keeps nobody from their page."""
    newest, is_away = [40], [False]

    def load(set_id: int) -> Targets | None:
        if is_away[0]:
            raise Unavailable("The database is away.")
        return TARGETS if set_id % 2 else None  # not every number is a set's

    def state() -> tuple[int, int]:
        if is_away[0]:
            raise Unavailable("The database is away.")
        return 1, newest[0]

    destinations = Destinations(load, state, tmp_path / "none")

    async def learn() -> list[bool]:
        await destinations.refresh()
        newest[0] = 43
        await destinations.refresh()
        is_away[0] = True
        await destinations.refresh()
        return [destinations.of(number) is not None for number in (7, 9, 39, 40, 41, 43, 45)]

    assert run(learn()) == [False, True, True, False, True, True, False]


def test_many_readers_of_a_new_link_cost_one_question(tmp_path):
    asked: list[int] = []

    def load(set_id: int) -> Targets:
        asked.append(set_id)
        return TARGETS

    destinations = Destinations(load, lambda: (1, 0), tmp_path / "none")

    async def twenty() -> None:
        await asyncio.gather(*(destinations.find(SET) for _ in range(20)))

    run(twenty())

    assert asked == [SET]


@pytest.mark.parametrize("path", ["c", "o"])
def test_a_folder_that_nobody_counts_with_answers_nothing_yet(site: Site, path: str):
    site.edge._is_known = lambda: False
    token = sign(TrackedLink(SET, 9, 0), Kind.CLICK if path == "c" else Kind.OPEN, KEYRING)
    answer = site.ask(f"/{path}/{token}")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["refresh"] == "5"  # nobody need press anything to get there
    assert site.hits() == []


@pytest.mark.parametrize("asks", [{"Sec-GPC": "1"}, {"DNT": "1"}])
def test_whoever_asks_not_to_be_tracked_is_redirected_and_nobody_in_the_journal(
    site: Site, asks: dict[str, str]
):
    token = sign(TrackedLink(SET, 9, 0), Kind.CLICK, KEYRING)
    answer = site.ask(f"/c/{token}", peer="198.51.100.7", **asks)
    (hit,) = site.hits()

    assert answer.status_code == 302
    assert (hit["i"], hit["s"], hit["l"], hit["a"]) == (NOBODY, SET, 0, "")
