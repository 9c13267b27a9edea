"""The checklist's part about columns: not yet said how to read, compared with what none holds."""

from collections.abc import Iterator

from app.audience import conditions
from app.audience.columns import OWN, Column, Type
from app.experiments.eligibility import Judge
from app.experiments.items import Item, blocks, ok, warns


def items(judge: Judge) -> Iterator[Item]:
    """Everything about the columns that the content, the filter and the analysis use."""
    names = sorted(judge.writer.columns_used | _in_filter(judge) | _in_analysis(judge))
    for name in names:
        yield from _asked(judge.columns.column(name))
        yield from _close(judge, name)
    yield from _filter(judge)


def _asked(column: Column) -> Iterator[Item]:
    if column.is_asked:
        what = "a date" if column.type is Type.DATE else "a number"
        yield blocks(
            f"column_asked:{column.name}",
            f"“{column.name}” is {what} that can be read in two ways. Say which, on the audience’s"
            " page under Columns; until then nobody is mailed what it says.",
        )


def _close(judge: Judge, name: str) -> Iterator[Item]:
    real = judge.columns.real(name)
    if real != name:
        yield ok(f"column_close:{name}", f"“{name}” is read from the column “{real}”.")


def _filter(judge: Judge) -> Iterator[Item]:
    known = judge.columns.by_name
    for name in sorted(_in_filter(judge)):
        real = judge.columns.real(name)
        if known and real not in known and real not in OWN:
            yield warns(f"filter_column:{name}", f"The filter asks for “{name}”: nobody has it.")
    for error in conditions.problems(judge.design.where, columns=judge.columns):
        yield blocks(
            f"filter_value:{error.column}", f"The filter compares “{error.column}”: {error}."
        )


def _in_filter(judge: Judge) -> frozenset[str]:
    return frozenset(one.column for one in judge.design.where)


def _in_analysis(judge: Judge) -> frozenset[str]:
    covariate = judge.design.metric.covariate
    return frozenset([*judge.design.segments, *([covariate] if covariate else [])])
