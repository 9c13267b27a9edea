"""What the columns of another tool's goals become, guessed from their headings.

Viva Goals' own headings are known: Id, Title, Object Type, Aligned To (weight, Objective ID),
Period, Start, Target, Unit, Progress %, Last Check-in, Checkins. Quantive, Tability and Operately
document no file of goals, so theirs are found by the words that they use for the same things.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from app.platform.errors import FieldError, Invalid


class Field(StrEnum):
    """What a column becomes."""

    TYPE = "type"
    ID = "id"
    TITLE = "title"
    OBJECTIVE = "objective"
    KEY_RESULT = "key_result"
    PARENT = "parent"
    OWNER = "owner"
    TEAM = "team"
    CYCLE = "cycle"
    STARTS = "cycle_starts"
    ENDS = "cycle_ends"
    START = "start"
    TARGET = "target"
    UNIT = "unit"
    DIRECTION = "direction"
    WEIGHT = "weight"
    CURRENT = "current"
    PROGRESS = "progress"
    DATE = "date"
    VALUE = "value"
    NOTE = "note"
    CONFIDENCE = "confidence"
    HISTORY = "history"


TOLD: Mapping[Field, str] = {
    Field.TYPE: "Objective or key result",
    Field.ID: "Id in the other tool",
    Field.TITLE: "Title of either",
    Field.OBJECTIVE: "Objective",
    Field.KEY_RESULT: "Key result",
    Field.PARENT: "The objective that it belongs to",
    Field.OWNER: "Owner",
    Field.TEAM: "Teams",
    Field.CYCLE: "Cycle",
    Field.STARTS: "Cycle’s first day",
    Field.ENDS: "Cycle’s last day",
    Field.START: "Start (baseline)",
    Field.TARGET: "Target",
    Field.UNIT: "Unit",
    Field.DIRECTION: "Direction",
    Field.WEIGHT: "Weight",
    Field.CURRENT: "Current value",
    Field.PROGRESS: "Percent of the way",
    Field.DATE: "Check-in: day",
    Field.VALUE: "Check-in: value",
    Field.NOTE: "Check-in: note",
    Field.CONFIDENCE: "Check-in: confidence, 0 to 10",
    Field.HISTORY: "Check-ins, several in a cell",
}
_WORDS: Mapping[Field, str] = {
    Field.TYPE: "objecttype type itemtype okrtype kind typ",
    Field.ID: "id externalid goalid itemid",
    Field.TITLE: "title name titel",
    Field.OBJECTIVE: "objective objectivetitle objectivename goal goaltitle goalname ziel mål",
    Field.KEY_RESULT: "keyresult keyresulttitle keyresultname kr outcome outcometitle metric"
    " metricname targetname schlüsselergebnis nøkkelresultat",
    Field.PARENT: "alignedtoweightobjectiveid alignedto parent parenttitle parentobjective parentid"
    " parentgoal parentname",
    Field.OWNER: "owner owners owneremail ownername assignee champion responsible lead eier",
    Field.TEAM: "team teams teamname department space group abteilung",
    Field.CYCLE: "period timeperiod cycle session sessionname sessiontitle quarter timeframe plan"
    " planname zeitraum periode",
    Field.STARTS: "startdate cyclestart periodstart sessionstart starts",
    Field.ENDS: "enddate duedate cycleend periodend sessionend deadline ends",
    Field.START: "start startvalue startingvalue initial initialvalue baseline from startwert",
    Field.TARGET: "target targetvalue goalvalue to zielwert",
    Field.UNIT: "unit units metricunit unitofmeasure symbol einheit enhet",
    Field.DIRECTION: "direction metrictype targettype keyresulttype",
    Field.WEIGHT: "weight",
    Field.CURRENT: "current currentvalue actual actualvalue latestvalue lastvalue",
    Field.PROGRESS: "actualprogress progress progresspercent attainment",
    Field.DATE: "date checkindate lastcheckin lastcheckindate lastupdated updatedat datum dato",
    Field.VALUE: "value checkinvalue wert verdi",
    Field.NOTE: "note comment lastcheckinnote checkinnote checkincomment statusupdate kommentar",
    Field.CONFIDENCE: "confidence confidencelevel",
    Field.HISTORY: "checkins checkinhistory history updates",
}
_ROWS_OF_BOTH = {Field.TYPE, Field.TITLE}
_MEANS = {word: field for field, words in _WORDS.items() for word in words.split()}
_SIGNS = re.compile(r"[\W_]+")


def key(written: str) -> str:
    """A heading or a word without what tools write differently: `Last Check-in` is lastcheckin."""
    return _SIGNS.sub("", unicodedata.normalize("NFC", written).casefold())


def is_known(heading: str) -> bool:
    """Whether a heading says something to us."""
    return key(heading) in _MEANS


def guess(headings: Sequence[str]) -> tuple[Field | None, ...]:
    """What each column becomes; of two for the same thing the first. None is left out.

    Where each row says what it is, a metric's name is no title of a key result.
    """
    found = [_MEANS.get(key(heading)) for heading in headings]
    if set(found) >= _ROWS_OF_BOTH:
        found = [None if one is Field.KEY_RESULT else one for one in found]
    taken: set[Field] = set()
    guessed: list[Field | None] = []
    for one in found:
        guessed.append(None if one in taken else one)
        taken |= {one} if one else set()
    return tuple(guessed)


def chosen(headings: Sequence[str], said: Mapping[str, str]) -> tuple[Field | None, ...]:
    """The guess with what somebody said of columns by their headings; "" leaves one out.

    Raises Invalid for a heading that the file has not, or two columns that become the same.
    """
    unknown = [heading for heading in said if heading not in headings]
    if unknown:
        raise Invalid.at("columns", f"The file has no column “{unknown[0]}”.")
    columns = tuple(
        (Field(said[heading]) if said[heading] else None) if heading in said else one
        for heading, one in zip(headings, guess(headings), strict=True)
    )
    refuse_unclear(columns)
    return columns


def refuse_unclear(columns: Iterable[Field | None]) -> None:
    """Raises Invalid where two columns become the same, or none names a key result."""
    counted = Counter(one for one in columns if one)
    errors = [
        FieldError("columns", f"Two columns become “{TOLD[one]}”: leave one of them out.")
        for one, count in counted.items()
        if count > 1
    ]
    if not counted.keys() & {Field.TITLE, Field.OBJECTIVE, Field.KEY_RESULT}:
        errors.append(FieldError("columns", "No column names an objective or a key result."))
    if errors:
        raise Invalid(" ".join(error.message for error in errors), errors=tuple(errors))
