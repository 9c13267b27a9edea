"""What a fleet says of an experiment, beside the ledgers of its customers and its mail server."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from tests.faults import pages
from tests.faults.customers import Count, Ledger
from tests.faults.town import Run
from tests.serve import Mailbox

Line = dict[str, str]
_CLOCKED = {"ingested_until": None, "lag_seconds": None}


@dataclass(frozen=True)
class Said:
    """Everything that the API answers about one experiment."""

    progress: dict[str, Any]
    readout: dict[str, Any]
    hits: Counter[str]  # by kind
    lines: dict[str, Line]  # of the export, by address
    orders: list[str]  # ids of conversions

    @classmethod
    def by(cls, api: httpx.Client, experiment: str) -> "Said":
        mine = f"/experiments/{experiment}"
        exported = api.get(f"{mine}/export", params={"format": "csv"}).text
        return cls(
            progress=api.get(f"{mine}/progress").json(),
            readout=_unclocked(api.get(f"{mine}/readout").json()),
            hits=hits_of(api, experiment),
            lines={one["email"]: one for one in csv.DictReader(io.StringIO(exported))},
            orders=[one["id"] for one in every(api, "/conversions")],
        )


def _unclocked(readout: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from one moment to the next."""
    return readout | {"as_of": None, "health": readout["health"] | _CLOCKED}


def every(api: httpx.Client, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 1000}
    while True:
        page = api.get(path, params=query).raise_for_status().json()
        found += page["items"]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def hits_of(api: httpx.Client, experiment: str) -> Counter[str]:
    """Σ count of raw hits, by kind."""
    found = Counter[str]()
    for hit in every(api, f"/experiments/{experiment}/hits"):
        found[hit["kind"]] += hit["count"]
    return found


def is_read(api: httpx.Client, experiment: str, ledger: Ledger) -> bool:
    """Whether everything that was answered has become rows."""
    hits = hits_of(api, experiment)
    return hits["click"] >= ledger.clicks.sure.total() and hits["open"] >= ledger.opens.sure.total()


def mails_agree(said: Said, mailbox: Mailbox, people: int) -> None:
    """Everybody whose mail is certain has one; nobody has two; the rest is said to be uncertain."""
    got = Counter(address for address, _ in mailbox.taken)
    states = Counter(line["state"] for line in said.lines.values())
    told = {state: said.progress[state] for state in ("sent", "uncertain")}

    assert mailbox.mailed_twice() == []
    assert max(got.values()) == 1
    assert states == {state: number for state, number in told.items() if number}
    assert sum(told.values()) == people == len(said.lines)
    assert [to for to, line in said.lines.items() if line["state"] == "sent" and not got[to]] == []
    assert got.keys() <= said.lines.keys()


def hits_agree(said: Said, ledger: Ledger) -> None:
    """Every answer counts once; what broke off counts once at most."""
    clicks, opens = ledger.clicks, ledger.opens
    for kind, count in (("click", clicks), ("open", opens)):
        least, unsure = count.sure.total(), count.maybe.total()
        assert least <= said.hits[kind] <= least + unsure, kind
    for to, line in said.lines.items():
        most = clicks.sure[to] + clicks.maybe[to]
        assert (to, clicks.sure[to]) <= (to, int(line["clicks"])) <= (to, most)
        assert (to, bool(line["clicked_at"])) in _whether(clicks, to)
        assert (to, bool(line["opened_at"])) in _whether(opens, to)


def _whether(count: Count, to: str) -> set[tuple[str, bool]]:
    """Whether somebody did it; of whom nobody was answered, either is true."""
    return {(to, count.sure[to] > 0), (to, count.sure[to] + count.maybe[to] > 0)}


def leaving_agrees(said: Said, ledger: Ledger) -> None:
    """Whoever took the way out is out; whoever only looked at it is not."""
    out = {to for to, line in said.lines.items() if line["unsubscribed_at"]}

    assert out == ledger.left


def orders_agree(said: Said, ledger: Ledger) -> None:
    """Each id once, with whoever ordered."""
    ordered = Counter(ledger.ordered.values())

    assert sorted(said.orders) == sorted(ledger.ordered)
    assert {to: int(line["converted"]) for to, line in said.lines.items() if to in ordered} == (
        ordered
    )


def readout_agrees(said: Said) -> None:
    """Sums of the readout are sums of the export's lines."""
    (arm,) = said.readout["arms"]
    lines = said.lines.values()

    assert arm["released"] == len(said.lines)
    assert arm["human_clickers"] == sum(bool(line["clicked_at"]) for line in lines)
    assert arm["converted"] == sum(int(line["converted"]) > 0 for line in lines)
    assert arm["did"] == sum(bool(line["did_at"]) for line in lines)


def pages_agree(page: httpx.Client, run: Run, said: Said) -> None:
    pages.readout_agrees(page, run, said.readout)
    pages.overview_agrees(page, run, said.readout, said.progress)
