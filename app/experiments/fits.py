"""What of a design goes together. Each misfit names its field, so that a form shows it there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.experiments.metrics import EVERY_FIELD, METRICS, READINGS, Metric
from app.experiments.vocabulary import HOLDOUT, Method, MetricKind, RuleKind

if TYPE_CHECKING:
    from app.experiments import rule_schemas

Misfit = tuple[str, str]  # the field, and what to do about it


def refuse(misfits: Iterable[Misfit]) -> None:
    """Raise all of them at once, each at its field; nothing where everything fits."""
    found = [
        InitErrorDetails(
            type=PydanticCustomError("misfit", "{said}", {"said": said}),
            loc=tuple(field.split(".")),
            input=None,
        )
        for field, said in misfits
    ]
    if found:
        raise ValidationError.from_exception_data("design", found)


def of_metric(kind: MetricKind, fields: Mapping[str, object]) -> Iterator[Misfit]:
    """Fields that mean nothing for this kind."""
    for field in sorted(EVERY_FIELD - METRICS[kind].fields):
        if fields.get(field) is not None:
            users = " and ".join(row.kind for row in METRICS.values() if field in row.fields)
            yield field, f"{kind} has no {field}, which is for {users}; leave it out"


def of_method(kind: RuleKind, method: Method, looks: int) -> Iterator[Misfit]:
    """A method and how often it reads."""
    reading = READINGS[method]
    if kind not in reading.kinds:
        names = ", ".join(row.method for row in READINGS.values() if kind in row.kinds)
        yield "method", f"a {kind} rule has no {method}; choose {names}"
    elif looks > 1 and not reading.has_looks:
        yield "looks", "only the method sequential looks more than once by plan"
    elif looks == 1 and reading.has_looks:
        yield "looks", f"the method {method} needs 2 looks or more"


def of_hours(opens: int, closes: int, column: str | None) -> Iterator[Misfit]:
    """The hours in which mails leave, of one day, and the column that says whose."""
    if column and '"' in column:
        yield "zone_column", "must be a column without a quotation mark in its name"
    if closes <= opens:
        yield "closes", f"must be later than {opens}: the hours of one day, such as 8 to 18"


def of_design(
    metric: "rule_schemas.Metric",
    rule: "rule_schemas.Rule",
    *,
    keys: Sequence[str],
    holdout: float,
    waves: int,
) -> Iterator[Misfit]:
    """Metric, rule, versions and waves together."""
    row = METRICS[metric.kind]
    if len(set(keys)) < len(keys) or HOLDOUT in keys:
        yield "arms", f"keys must differ, and “{HOLDOUT}” is taken"
    if rule.kind not in row.methods:
        yield "rule.kind", f"a rule about {row.words.nouns} has no {rule.kind}; compare versions"
    if rule.looks > max(1, waves):
        yield (
            "rule.looks",
            (
                f"{rule.looks} looks need as many waves, and there are {waves}: without new people"
                " a look shows nothing new"
            ),
        )
    if rule.base_rate is not None:
        yield from _a_usual_rate(row, rule.kind)
    if rule.kind is RuleKind.THRESHOLD:
        yield from _one_version(keys, holdout)
    else:
        yield from _a_baseline(row, rule, [*keys, HOLDOUT] if holdout else list(keys))


def _one_version(keys: Sequence[str], holdout: float) -> Iterator[Misfit]:
    if len(keys) > 1 or holdout:
        yield (
            "rule.kind",
            (
                "a threshold looks at one version alone; compare several, or a holdout, by a"
                " comparison rule"
            ),
        )


def _a_usual_rate(row: Metric, kind: RuleKind) -> Iterator[Misfit]:
    if kind is RuleKind.THRESHOLD:
        yield "rule.base_rate", "a threshold rule has no usual rate; leave it out"
    elif row.is_value:
        yield "rule.base_rate", f"{row.kind} compares values, not rates; leave it out"


def _a_baseline(row: Metric, rule: "rule_schemas.Rule", names: list[str]) -> Iterator[Misfit]:
    if rule.baseline not in names:
        yield "rule.baseline", f"“{rule.baseline}” is none of {', '.join(names)}"
    elif len(names) < 2:
        yield "rule.kind", "a comparison needs a second version, or a holdout"
    elif rule.baseline == HOLDOUT and not row.is_reported:
        yield (
            "rule.baseline",
            (
                f"people of the holdout get no mail, so their {row.kind} is always 0; measure a"
                " conversion, or compare versions"
            ),
        )
    if not row.is_value and rule.mde is not None and rule.mde >= 1:
        yield "rule.mde", "a share under 1: 0.02 is 2 points"
