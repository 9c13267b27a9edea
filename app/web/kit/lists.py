"""Every list of a page: its words, filters, order and pages, from an address or a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends
from starlette.requests import Request

from app.platform.asked import Choices
from app.platform.errors import Invalid
from app.platform.listing import Asked, Listing, Ways
from app.platform.paging import Part
from app.web.kit.form_state import Typed
from app.web.kit.list_paging import Cursor

_LONGEST = 200  # characters of the words
_OWN = frozenset({"q", "sort", "by", "cursor", "csrf", "said"})


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice that narrows a list; its first one narrows nothing."""

    name: str
    label: str
    choices: Choices


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A list as kit/lists.html draws it: what is asked of it, and where everything else leads.

    Where `find` is given, words are looked for by POST: they may name people, and an address bar
    is logged.
    """

    address: str
    sort: str
    asked: Asked
    columns: Mapping[str, str]  # what can be sorted by, in words
    ways: Mapping[str, Ways]  # what its two directions are called
    hint: str = ""  # what words are looked for; without it there is no field for them
    filters: tuple[Filter, ...] = ()
    days: tuple[tuple[str, str], ...] = ()  # fields for a day: name and label
    next: str | None = None
    find: str | None = None
    best_first: bool = False  # with words, in an order of its own unless another is asked for
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def next_address(self) -> str | None:
        """The page after this one."""
        return self._with(cursor=self.next) if self.next else None

    @property
    def posts(self) -> bool:
        """Whether what is shown was asked for by POST, and so must be what leads on."""
        return bool(self.find and self.asked.words.strip())

    @property
    def sorts(self) -> Choices:
        """Every order, for where no heads of columns are seen."""
        usual = [("", "Best first")] if self.best_first and self.asked.words else []
        return usual + [
            (f"{turned}{name}", f"{label}, {way}")
            for name, label in self.columns.items()
            for turned, way in zip(("", "-"), self.ways[name], strict=True)
        ]

    def turned(self, name: str) -> str:
        """The order that the head of a column leads to: the other way where it is sorted by."""
        return f"-{name}" if self.sort == name else name

    def sorted_by(self, name: str) -> str:
        """The address of the same list in that order."""
        return self._with(sort=self.turned(name))

    def direction(self, name: str) -> str:
        """As browsers read it aloud; empty where the list is not sorted by it."""
        return {name: "ascending", f"-{name}": "descending"}.get(self.sort, "")

    def choosing(self, name: str, value: str) -> str:
        """The address of the same list, narrowed so."""
        return self._with(**{name: value})

    def _with(self, **other: str) -> str:
        words = {} if self.find else {"q": self.asked.words}
        sort = {"sort": self.asked.sort}
        told = {**self.kept, **words, **self.asked.chosen, **sort, **other}
        said = urlencode({name: value for name, value in told.items() if value})
        return f"{self.address}?{said}" if said else self.address


def shown(
    listing: Listing,
    rows: Part[Any],
    asked: Asked,
    address: str,
    columns: Mapping[str, str],
    **more: object,
) -> Shown:
    """What a page hands to its template beside the rows."""
    told = {name: label for name, label in columns.items() if name in listing.sorts}
    return Shown(
        address=address, sort=listing.sort_of(asked), asked=asked, columns=told,
        ways={name: listing.ways(name) for name in told}, next=rows.next,
        **more,  # type: ignore[arg-type]  # the other fields, as they are
    )  # fmt: skip


async def _asked(
    request: Request,
    q: str = "",
    sort: str = "",
    cursor: Cursor = None,
) -> Asked:
    words = _words(q)
    return Asked(words=words, sort=sort, chosen=_chosen(request), cursor=cursor or None)


def _words(typed: str) -> str:
    if len(typed.strip()) > _LONGEST:
        raise Invalid.at("q", f"Look for {_LONGEST} characters at most: a few words will do.")
    return typed.strip()


def _chosen(request: Request) -> dict[str, str]:
    return {
        name: value[:_LONGEST] for name, value in request.query_params.items() if name not in _OWN
    }


FromAddress = Annotated[Asked, Depends(_asked)]


def of_form(form: Typed, filters: Sequence[str] = ()) -> Asked:
    """The same of a form that was posted; the head of a column (`by`) outweighs the choice."""
    return Asked(
        words=_words(form.value("q")),
        sort=form.value("by") or form.value("sort"),
        chosen={name: form.value(name) for name in filters},
        cursor=form.text("cursor"),
    )


def narrowed_to(asked: Asked, listing: Listing, *, words: str | None = None) -> Asked:
    """Without parameters that this list knows nothing of: an address may carry others.

    `words`: instead of those in the address, where these are asked for by POST alone.
    """
    chosen = {name: value for name, value in asked.chosen.items() if name in listing.filters}
    return replace(asked, chosen=chosen, words=asked.words if words is None else words)
