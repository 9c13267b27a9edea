"""The picture beside the plan: how small a difference can be told with how many people."""

from collections.abc import Callable
from dataclasses import dataclass

from app.experiments import curves
from app.experiments.curves import Told
from app.experiments.design_schemas import Draft
from app.experiments.vocabulary import RuleKind
from app.platform import figures
from app.web.kit.charts import Chart

Place = tuple[float, float]  # 0..1, from the lower left


@dataclass(frozen=True, slots=True)
class Power:
    """A line over doublings of people; `goal` is the height of what is wanted, with its words."""

    title: str
    points: tuple[Place, ...]
    chosen: tuple[float, float, str] | None  # its place, and what the plan says of it
    goal: tuple[float, str] | None
    levels: tuple[tuple[float, str], ...]
    sizes: tuple[tuple[float, str], ...]
    rows: tuple[tuple[str, str, bool], ...]  # people, what is told, whether it is the chosen one
    waits: bool = False  # it is drawn when somebody asks for it
    home: str = ""  # the page that it stands on

    @property
    def chart(self) -> Chart:
        """The same with its table and its files."""
        return Chart(
            name="power",
            title="With more people, or fewer",
            caption=f"{self.title}, by how many people there are.",
            head=("With", "Told 4 times in 5"),
            rows=tuple(
                (f"{people} (as it is now)" if is_chosen else people, said)
                for people, said, is_chosen in self.rows
            ),
            drawn=(self,),
            home=self.home,
        )


def power_of(draft: Draft, people: int, *, is_asked: bool) -> Power | None:
    """The picture of a draft; None where there is nothing to draw yet."""
    if curves.is_slow(draft, people) and not is_asked and people:
        return Power("", (), None, None, (), (), (), waits=True)
    told = curves.curve(draft, people)
    seen = [one for one in told if one.detectable is not None]
    if len(seen) < 2:
        return None
    return _drawn(draft, told, seen)


def _drawn(draft: Draft, told: tuple[Told, ...], seen: list[Told]) -> Power:
    is_threshold = draft.rule.kind is RuleKind.THRESHOLD
    say = figures.aim if is_threshold else figures.aim_points
    wanted = draft.rule.limit if is_threshold else float(draft.rule.mde or 0)
    top = max(*(one.detectable or 0 for one in seen), wanted)
    marks = _marks(top)
    high, last = marks[-1], len(told) - 1
    place = {one.people: (index / last, (one.detectable or 0) / high)
             for index, one in enumerate(told)}  # fmt: skip
    chosen = next((one for one in seen if one.chosen), None)
    return Power(
        title=_title(draft, is_threshold=is_threshold),
        points=tuple(place[one.people] for one in seen),
        chosen=(*place[chosen.people], say(chosen.detectable or 0)) if chosen else None,
        goal=(wanted / high, _goal(wanted, is_threshold=is_threshold)),
        levels=tuple((mark / high, _level(mark, is_threshold=is_threshold)) for mark in marks),
        sizes=tuple((place[one.people][0], figures.count(one.people)) for one in told),
        rows=tuple((figures.people(one.people), _row(one, say), one.chosen) for one in told),
    )


def _level(mark: float, *, is_threshold: bool) -> str:
    return figures.axis(mark) if is_threshold else figures.count(round(100 * mark, 6))


def _marks(top: float) -> tuple[float, ...]:
    """Round marks that reach over the highest point."""
    marks = figures.ticks(top)
    if len(marks) < 2:
        return 0.0, top
    return marks if marks[-1] >= top else (*marks, round(2 * marks[-1] - marks[-2], 6))


def _row(one: Told, say: Callable[[float], str]) -> str:
    return "Too few to tell anything" if one.detectable is None else say(one.detectable)


def _title(draft: Draft, *, is_threshold: bool) -> str:
    if is_threshold:
        line = figures.limit(draft.rule.limit)
        return f"The true rate that is told apart from {line} 4 times in 5"
    return "The difference that is told 4 times in 5, in points"


def _goal(wanted: float, *, is_threshold: bool) -> str:
    if is_threshold:
        return f"{figures.limit(wanted)}, your line"
    return f"{figures.set_points(wanted)}, worth having"
