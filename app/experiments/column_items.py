"""The checklist's part about columns: not yet said how to read, compared with what none holds."""

from collections.abc import Iterator, Sequence

from app.audience import conditions
from app.audience.columns import Column, Type
from app.audience.members import Member
from app.audience.own import OWN
from app.experiments.eligibility import Eligibility, Judge
from app.experiments.items import Item, blocks, ok, warns
from app.experiments.ports import Reason
from app.platform import figures

_OF_LIQUID = {"now", "today"}  # the moment in which a mail is written


def items(judge: Judge, eligibility: Eligibility, filled: frozenset[str]) -> Iterator[Item]:
    """Everything about the columns that the content, the filter and the analysis use.

    `filled`: the columns in which everybody has something.
    """
    names = sorted(judge.writer.columns_used | _in_filter(judge) | _in_analysis(judge))
    for name in names:
        yield from _asked(judge.columns.column(name))
        yield from _close(judge, name)
    yield from _unknown(judge, eligibility)
    yield from _alone(judge, filled)
    yield from _made(judge)
    yield from _filter(judge)


def of_examples(judge: Judge, people: Sequence[Member]) -> Iterator[Item]:
    """What the mail looks at, and none of those has to whom a test mail may be written."""
    rows = [person.row() for person in people]
    for name in sorted(judge.writer.columns_used - _OF_LIQUID):
        real = judge.columns.real(name)
        if rows and _is_known(judge, name) and not any(real in row for row in rows):
            first = figures.plural(len(rows), "person", "people")
            yield warns(
                f"test_mail:{name}",
                f"“{name}” is empty for the first {first} of the audience, among whom a test mail"
                " and the mails shown before a launch find their readers: what stands there is not"
                " seen in them. Look at somebody who has it, under Preview.",
            )


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


def _unknown(judge: Judge, eligibility: Eligibility) -> Iterator[Item]:
    """What the mail looks at and nobody has; where it is printed, those who lack it say so."""
    printed = {detail for reason, detail in eligibility.faults if reason == Reason.MISSING}
    for name in sorted(judge.writer.columns_used - printed - _OF_LIQUID):
        if not _is_known(judge, name):
            yield warns(
                f"unknown_column:{name}",
                f"The mail asks for “{name}”, and nobody in the audience has it: everybody is"
                " treated as if it were empty. Is it spelled as in the file?",
            )


def _alone(judge: Judge, filled: frozenset[str]) -> Iterator[Item]:
    """`{% if waste %}` is so for a waste of 0, and `{% if vip %}` for a text that says no."""
    for name in sorted(judge.writer.asked_alone):
        column = judge.columns.column(name)
        if column.type is Type.TEXT and column.name in filled:
            yield warns(
                f"text_alone:{name}",
                f"A condition asks for “{name}” alone, which is text that everybody has: that is so"
                f' for everybody, for “no” too. Compare it (“{name} == "yes"”), or say on the'
                " audience’s page under Columns that it is yes or no.",
            )
        if column.type is Type.NUMBER:
            yield warns(
                f"number_alone:{name}",
                f"A condition asks for “{name}” alone: that is so for every number, 0 too. Compare"
                f" it (“{name} > 0”), or, where 1 means yes and 0 no, say on the audience’s page"
                " under Columns that it is yes or no.",
            )


def _made(judge: Judge) -> Iterator[Item]:
    """`{% assign x = vip | downcase %}{% if x %}`: a filter makes text of a no."""
    for name in sorted(judge.writer.asked_made):
        yield warns(
            f"made_alone:{name}",
            f"A condition asks for what a filter made of “{name}”: that is so whatever the cell"
            " says. Compare it with something, or ask for the column itself.",
        )


def _is_known(judge: Judge, name: str) -> bool:
    """Whether anybody has the column; where no column was read yet, nobody can tell."""
    known = judge.columns.by_name
    real = judge.columns.real(name)
    return not known or real in known or real in OWN


def _filter(judge: Judge) -> Iterator[Item]:
    for name in sorted(_in_filter(judge)):
        if not _is_known(judge, name):
            yield warns(f"filter_column:{name}", f"The filter asks for “{name}”: nobody has it.")
    for error in conditions.problems(judge.design.where, columns=judge.columns):
        yield blocks(
            f"filter_value:{error.column}", f"The filter compares “{error.column}”: {error}."
        )


def _in_filter(judge: Judge) -> frozenset[str]:
    return frozenset(condition.column for condition in judge.design.where)


def _in_analysis(judge: Judge) -> frozenset[str]:
    covariate = judge.design.metric.covariate
    return frozenset([*judge.design.segments, *([covariate] if covariate else [])])
