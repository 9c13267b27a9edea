"""What an operator asks when something is odd: each part looked at, and what to do."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from sqlalchemy.exc import SQLAlchemyError

from app.audience import erasure_rows
from app.identity import store as identity
from app.identity.audit import Seals
from app.identity.oidc.provider import Provider
from app.ops import (
    backing_up,
    folder_findings,
    gauges,
    holding,
    late,
    mail_dns,
    mail_findings,
    reached,
    stored,
)
from app.ops.installation import House, open_house, refuse_nothing
from app.outreach import failing
from app.platform import apart, away, clock, config, figures, install, migrate, queries, writers
from app.platform.away import AWAY
from app.platform.config import Settings
from app.platform.errors import AppError
from app.tracking import ageing, ageing_rows, range_files

_NAMED = 5  # of what failed; the page tells the rest
_NO_BOOT = "boots are not told apart, so what a killed sender had in hand becomes uncertain"
_PATIENCE = timedelta(days=1)  # an erasure, or a look at what is old, takes minutes


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, and how it is."""

    subject: str
    fine: bool
    sentence: str


def look(settings: Settings) -> list[Finding]:
    """Look at everything; one thing being wrong hides nothing else."""
    refuse_nothing(settings)
    house = open_house(settings)
    parts: dict[str, Callable[[House], str]] = {
        "settings": _settings,
        "database": _database,
        "migrations": _migrations,
        "stored": _stored,
        "keys": _keys,
        "audit": _audit,
        "clock": _clock,
        "restored": _restored,
        "backup": _backup,
        "mail": mail_findings.leaves,
        "mail that comes back": mail_findings.comes_back,
        **mail_dns.Looking().parts,
        "disk": _disk,
        "processes": _processes,
        "clicks": folder_findings.clicks,
        "due work": _due,
        "put off": _put_off,
        "data folders": folder_findings.are_read,
        "machines": folder_findings.are_alike,
        "privacy": _privacy,
        "address ranges": _ranges,
        "identity provider": _provider,
        "SQL connections": _connections,
        "public address": reached.public,
        "address of links": reached.links,
    }
    try:
        return _said_once([_finding(subject, part, house) for subject, part in parts.items()])
    finally:
        house.database.close()


class _WrongError(AppError):
    title = "Something is wrong"


def _said_once(findings: Sequence[Finding]) -> list[Finding]:
    """What is wrong everywhere for one reason has it once: the rest is not hidden by it."""
    first: dict[str, str] = {}
    for one in findings:
        first.setdefault(one.sentence, one.subject)
    return [
        one
        if one.fine or first[one.sentence] == one.subject
        else replace(one, sentence=f"as said under {first[one.sentence]}")
        for one in findings
    ]


def _finding(subject: str, part: Callable[[House], str], house: House) -> Finding:
    try:
        return Finding(subject, True, part(house))
    except AppError as error:
        return Finding(subject, False, str(error))
    except AWAY as error:
        return Finding(subject, False, away.explained(error))
    except SQLAlchemyError as error:
        kind = type(error).__name__
        return Finding(subject, False, f"The database cannot be asked ({kind}): see migrations.")


def _settings(_house: House) -> str:
    """Whether all that is set has an effect: what is misspelt has none, and says nothing."""
    if unread := config.without_effect():
        raise _WrongError(" ".join(unread))
    return "each that is set is one of ours"


def _database(house: House) -> str:
    if house.database.takes_no_changes():
        raise _WrongError(away.advised(away.TAKES_NO_CHANGES))
    return f"{house.database.engine.dialect.name} answers"


def _migrations(house: House) -> str:
    migrate.check(house.database)
    return "up to date"


def _stored(house: House) -> str:
    """Whether what is stored can be read, as far as that is looked through in a moment."""
    with house.database.read() as session:
        damaged = list(islice(stored.look(session), _NAMED))
    if damaged:
        raise _WrongError(" ".join(map(str, damaged)))
    return "designs, results, links and moments can be read"


def _keys(house: House) -> str:
    """Here, and not only where another machine starts: it may have brought a new one since."""
    prints = house.keyring.fingerprints()
    with house.database.read() as session:
        install.look_at_keys(session, prints)
    return f"{figures.plural(len(prints), 'key')}, none that was used is missing"


def _audit(house: House) -> str:
    with house.database.read() as session:
        found = Seals(house.keyring.seals).verified(session)
    if found.faults:
        raise _WrongError(f"{found.faults[0]} `thinslice audit verify` tells all.")
    return f"{figures.plural(found.rows, 'row')}, as they were written"


def _clock(house: House) -> str:
    if moved := clock.shift():
        raise _WrongError(
            f"The clock is moved {'back' if moved < timedelta() else 'on'} by {abs(moved)}:"
            f" unset {clock.SHIFT}, or every date is wrong."
        )
    if house.database.is_sqlite:
        return "the database is on this machine"
    with house.database.read():
        pass
    if far := apart.far_in_words():
        raise _WrongError(f"{far} Meanwhile it goes by the database's, but not while that is away.")
    return f"{figures.exact(round(abs(clock.ahead()).total_seconds(), 1))} s from the database's"


def _restored(house: House) -> str:
    if holding.is_held(house.database):
        raise _WrongError(holding.SENTENCE)
    return "not held: what is due is sent"


def _backup(house: House) -> str:
    """Whether there is a backup of these days, unless somebody else sees to that."""
    days = house.settings.backup_days
    with house.database.read() as session:
        noted = identity.latest_note(session, action=backing_up.ACTION)
        begun = install.begun(session)
    last, at = backing_up.last_made(noted)
    made = at if noted else begun
    if days and made is not None and clock.now() - made > timedelta(days=days):
        raise _WrongError(
            f"There is no backup of the last {figures.plural(days, 'day')}: {last}. Give `thinslice"
            " backup FILE`, or set THINSLICE_BACKUP_DAYS=0 where something else sees to it."
        )
    return last


def _disk(house: House) -> str:
    look = gauges.look(house)
    if little := [*late.disk(look), *late.room(look)]:
        raise _WrongError(" ".join(little))
    return f"{figures.count(int(look.of(gauges.DISK) or 0) // 10**9)} GB free"


def _due(house: House) -> str:
    if waits := late.due(gauges.look(house)):
        raise _WrongError(" ".join(waits))
    return "nothing waits longer than it should"


def _processes(house: House) -> str:
    if second := house.seconds():
        raise _WrongError(" ".join(second))
    return "none was started twice" + ("" if writers.is_boot_told() else f"; {_NO_BOOT}")


def _put_off(house: House) -> str:
    with house.database.read() as session:
        troubles = failing.failing(session)
    if troubles:
        told = Counter(f"{trouble.what}: {trouble.reason}" for trouble in troubles).items()
        named = [f"{said} ({times} times)" if times > 1 else said for said, times in told]
        more = f" And {len(named) - _NAMED} more." if len(named) > _NAMED else ""
        raise _WrongError(
            f"{' '.join(named[:_NAMED])}{more} Mend it, then try it now:"
            f" {house.settings.public_url}/put-off"
        )
    return "nothing waits because it failed"


def _privacy(house: House) -> str:
    """Whether what is promised to customers is being kept."""
    now, months = clock.now(), house.settings.keep_events_months
    with house.database.read() as session:
        asked = erasure_rows.oldest(session)
        oldest, looked = ageing_rows.first(session), ageing_rows.ran_at(session)
    if asked is not None and now - asked > _PATIENCE:
        raise _WrongError(
            "Somebody was erased more than a day ago, and it is not finished: a mail to them or an"
            " import from before hangs. Is `thinslice serve` running on every data folder?"
        )
    if oldest is not None and now - oldest > ageing.kept_for(months) + _PATIENCE:
        raise _WrongError(
            f"Raw clicks of {oldest:%Y-%m-%d} are kept, and they should have gone after {months}"
            " months: is `thinslice serve` running?"
        )
    when = f"last looked at {clock.iso(looked)}" if looked else "nothing was old yet"
    return f"browsers shrink after 30 days, raw clicks go after {months} months; {when}"


def _ranges(house: House) -> str:
    """Whether mail scanners and data centres are told by lists of now."""
    sources = range_files.sources(house.ranges)
    if old := range_files.stale_in_words(sources, now=clock.now()):
        raise _WrongError(old)
    return range_files.in_words(sources)


def _connections(house: House) -> str:
    wrong = []
    for name, url in house.settings.sql_connections.items():
        try:
            queries.look(url)
        except AppError as error:
            wrong.append(f"THINSLICE_SQL_{name.upper()}: {error}")
    if wrong:
        raise _WrongError(" ".join(wrong))
    return f"{len(house.settings.sql_connections)} may be asked, and change nothing"


def _provider(house: House) -> str:
    """Whether people can log in with it: what it says of itself, and its keys, are read."""
    if not house.settings.oidc_issuer:
        return "people log in with a password"
    provider, now = Provider(house.settings), clock.now()
    provider.keys(now=now)
    return f"{provider.metadata(now=now).issuer} answers"
