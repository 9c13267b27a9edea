"""A mail knows one moment, and it is told to it: whoever renders has no clock of its own."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import liquid as library
import pytest

from app.audience.columns import Column, Columns, Type
from app.audience.members import Member
from app.audience.own import EMPTY
from app.delivery.mail import cells, compose, filling, liquid
from app.delivery.mail.broken import BrokenLiquid, MissingColumn
from app.delivery.renderable import LiquidRenderable
from app.experiments.design_schemas import Draft
from app.experiments.ports import Fault, Reason
from tests.delivery.mail.test_compose import HEAD, part, to
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS
from tests.delivery.test_renderable import DRAFT

KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # fourteen hours before UTC: another day
LONG_AGO = datetime(2001, 2, 3, 4, 5, tzinfo=UTC)
_SAYS = "{{ now }}|{{ today }}|{{ 'now' | date: '%Y-%m-%d %H:%M' }}|{{ 'today' | date: '%F %R' }}"


class _NoClock(type):
    """Stands in for a module or a class that could ask what time it is."""

    def __getattr__(cls, name: str) -> Any:
        pytest.fail(f"the clock was asked: {name}")


def said(template: str, row: dict[str, object] | None = None, *, now: datetime = NOW) -> str:
    filler = filling.rendered_text(template)
    return filler.fill(cells.cells_for(row or {}, filler.columns, Columns(), now=now))


def test_every_way_to_ask_for_the_moment_is_answered_alike():
    assert said(_SAYS) == "2026-11-22 09:00|2026-11-22|2026-11-22 09:00|2026-11-22 09:00"


def test_plain_placeholders_and_liquid_say_the_same_moment():
    source = "{{ now }} {{ today }}"
    row = cells.cells_for({}, ["now", "today"], Columns(), now=NOW)

    plain, rendered = filling.text(source), filling.rendered_text(source)

    assert plain.fill(row) == rendered.fill(row) == "2026-11-22 09:00 2026-11-22"


def test_subject_text_and_html_agree_and_tell_the_installations_time():
    arm = ARM | {"subject": "{{ now }}", "preheader": "p {{ 'now' | date: '%F %R' }}"}
    made = compose.compose_arm(
        arm | {"body": "It is {{ now }}, {{ 'now' | date: '%F %R' }}."},
        head=replace(HEAD, zone=KIRITIMATI),
        set_id=7,
    )

    mail = made.fill(to(), keyring=KEYS, now=NOW.replace(hour=23))

    assert mail.subject == "2026-11-23 13:00"
    assert "It is 2026-11-23 13:00, 2026-11-23 13:00." in part(mail, "plain")
    assert "It is 2026-11-23 13:00, 2026-11-23 13:00." in part(mail, "html")
    assert "p 2026-11-23 13:00" in part(mail, "html")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("renewal > now", True),
        ("renewal > today", True),
        ("ended < now", True),
        ("ended > today", False),
        ("day == today", True),
        ("now >= day", True),
    ],
)
def test_a_day_is_compared_with_the_moment(condition: str, holds: bool):
    columns = Columns({n: Column(n, Type.DATE, "day_first") for n in ("renewal", "ended", "day")})
    row: dict[str, object] = {"renewal": "1.12.2026", "ended": "1.11.2026", "day": "22.11.2026"}
    filler = filling.text(f"{{% if {condition} %}}yes{{% endif %}}")

    found = filler.fill(cells.cells_for(row, filler.columns, columns, now=NOW))

    assert found == ("yes" if holds else "")


def test_a_column_called_today_is_the_files_own():
    columns = Columns({"today": Column("today")})
    filler = filling.rendered_text("{{ today }}, {{ 'today' | date: '%Y' }}")

    full = filler.fill(cells.cells_for({"today": "rye"}, filler.columns, columns, now=NOW))

    assert full == "rye, 2026"
    with pytest.raises(MissingColumn):
        filler.fill(cells.cells_for({}, filler.columns, columns, now=NOW))


def test_everybody_is_looked_at_as_of_the_moment_of_the_release():
    arm = ARM | {
        "body": "{% assign day = 'now' | date: '%a' %}{% if day == 'Sun' %}{{ x }}{% endif %}"
    }
    draft = Draft.model_validate(DRAFT | {"arms": [arm]})
    ann = Member("p1", "", {**EMPTY, "email": "ann@b.example", "name": "Ann"})
    ask = LiquidRenderable(SETTINGS, KEYS)

    def fault(now: datetime) -> Fault | None:
        [found] = ask.writer("x", draft, Columns(), now=now).faults(
            [(ann, {"name": "a", "euros": 1})]
        )
        return found

    assert fault(NOW) == Fault(Reason.MISSING, "x")  # a Sunday
    assert fault(NOW + timedelta(days=1)) is None


def _every_output() -> Iterator[str]:
    """Every filter, with what names the moment and with what may be taken for a time of day."""
    for name in liquid._TEXT.filters:
        for value in ("now", "'now'", "'today'", "'10:30'", "'Monday'", "stamp", "day"):
            for arguments in ("", ": '%F'", ": 1", ": '%F', '%s'"):
                yield f"{{{{ {value} | {name}{arguments} }}}}"


def _every_tag() -> Iterator[str]:
    """Every tag that an author has, around the moment."""
    bodies = {
        "if": "{% if now %}{{ today }}{% endif %}",
        "unless": "{% unless now %}{% else %}{{ now }}{% endunless %}",
        "case": "{% case today %}{% when now %}a{% else %}{{ now }}{% endcase %}",
        "for": "{% for x in now %}{{ x }}{% endfor %}{% for x in (1..2) %}{{ now }}{% endfor %}",
        "assign": "{% assign x = 'now' | date: '%F' %}{{ x }}",
        "comment": "{% comment %}{{ now }}{% endcomment %}",
        "raw": "{% raw %}{{ now }}{% endraw %}",
        "break": "{% for x in (1..2) %}{{ now }}{% break %}{% endfor %}",
        "chart": '{% chart bar "Now" stamp %}{{ now }}',
        "continue": "{% for x in (1..2) %}{{ now }}{% continue %}{% endfor %}",
    }
    inside = {"output", "literal", "template", "content", "statement", "illegal", "#"}
    assert set(liquid._TEXT.tags) - inside <= set(bodies)
    yield from bodies.values()


def _without_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever in the library could ask for the time fails when it does."""

    class Clock(metaclass=_NoClock):
        pass

    class Kind(type):
        def __instancecheck__(cls, one: object) -> bool:
            return isinstance(one, cls.__mro__[1])

    class Moment(datetime, metaclass=Kind):
        now = utcnow = today = classmethod(lambda *_: pytest.fail("the clock was asked"))  # type: ignore[assignment]

    class Day(date, metaclass=Kind):
        today = classmethod(lambda *_: pytest.fail("the clock was asked"))

    replaced = ModuleType("datetime")
    replaced.__dict__.update(vars(sys.modules["datetime"]) | {"datetime": Moment, "date": Day})
    stand_ins = {"datetime": replaced, "time": Clock}
    packages = (library.__name__, "dateutil")
    for module in [one for name, one in sys.modules.items() if name.partition(".")[0] in packages]:
        for name, held in list(vars(module).items()):
            if isinstance(held, ModuleType) and held.__name__ in stand_ins:
                monkeypatch.setattr(module, name, stand_ins[held.__name__])
            elif held is datetime:
                monkeypatch.setattr(module, name, Moment)


def test_no_filter_and_no_tag_reaches_another_clock(monkeypatch: pytest.MonkeyPatch):
    _without_clocks(monkeypatch)
    row: dict[str, object] = {"stamp": 981173100, "day": "2001-02-03 04:05"}
    told = 0
    for source in (*_every_output(), *_every_tag()):
        template = liquid.text_template(source)
        names = liquid.columns_in(template)
        try:
            text = liquid.render(template, cells.cells_for(row, names, Columns(), now=LONG_AGO))
        except (BrokenLiquid, MissingColumn):  # a filter that wants another kind of thing
            continue
        told += "2001-02-03" in text

    assert told > 40
