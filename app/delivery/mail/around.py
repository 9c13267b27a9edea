"""Liquid around blocks: a loop makes rows of one table and items of one list, not many of each.

A line of tags alone stands by itself. Tags right before an item or a row, and right behind it, are
put on lines of their own, as their author could have done.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from app.delivery.mail import marks

PIECES = "liquid"  # by what name the parser knows what the marks stand for
_OPENED = "opened"  # and how many tags are open at lines of tables
_Block = list[Token]
_NAME = re.compile(r"\{%-?\s*(\w+)")
_OPENING = {"for", "if", "unless", "case"}
_BETWEEN = {"else", "elsif", "when"}
_BEGINS = r"(?:(?:[-*+]|\d{1,9}[.)])[ \t]|\|)"
_INDENT = "(?<![ \\t>\ufdd1])(?P<indent>[ \\t>]*)"  # looked for at its beginning alone, by no tag
_ITEM_OR_ROW = re.compile(_INDENT + _BEGINS)
_LEAD = re.compile(rf"{_INDENT}(?P<tags>{marks.TAG_LINE.pattern})(?P<rest>{_BEGINS}.*)")
_BEGINS_ONE = re.compile(rf"{_INDENT}(?:{marks.TAG_LINE.pattern})?{_BEGINS}")
_TRIMMING = re.compile(r"(?<=^\{)%-|-%(?=\}$)")
_FENCE = re.compile(_INDENT + "(?:```|~~~)")
_DELIMITERS = re.compile(_INDENT + r"[|:-][ \t|:-]*")
_LISTS = {"bullet_list_open", "ordered_list_open"}


def own_lines(liquid: marks.Protected) -> str:
    """The source with the tags around an item or a row on lines of their own."""
    lines: list[str] = []
    fenced = False
    every = liquid.text.split("\n")
    for line, following in zip(every, [*every[1:], ""], strict=True):
        fenced ^= bool(_FENCE.match(line))
        lines += [line] if fenced else _apart(line, following, liquid.pieces)
    return "\n".join(lines)


def _apart(line: str, following: str, pieces: Sequence[str]) -> list[str]:
    """The lines of one; as it is where a tag that goes on inside would be torn from its end."""
    lead = _LEAD.fullmatch(line)
    rest = f"{lead['indent']}{lead['rest']}" if lead else line
    item = _ITEM_OR_ROW.match(rest)
    if item is None:
        return [line]
    cut = _cut(rest, pieces)
    inner, end = rest[:cut], rest[cut:] if cut else ""
    opens = end and _depth(end, pieces)[0] > 0
    if _depth(inner, pieces) != (0, 0) or (opens and not _BEGINS_ONE.match(following)):
        return [line]
    before = [f"{lead['indent']}{lead['tags']}"] if lead else []
    return [*before, inner, *([f"{item['indent']}{end}"] if end else [])]


def _cut(line: str, pieces: Sequence[str]) -> int | None:
    """Where the tags at a line's end begin that close, or open, more than what is in it."""
    opened: list[int] = []
    for match in marks.LIQUID.finditer(line):
        name = _name(pieces[int(match[2])]) if match[1] == "t" else ""
        if name in _OPENING:
            opened.append(match.start())
        elif not opened and (name in _BETWEEN or name.startswith("end")):
            return _if_last(line, match.start())
        elif name.startswith("end"):
            opened.pop()
    return _if_last(line, opened[0]) if opened else None


def _if_last(line: str, place: int) -> int | None:
    return place if marks.TAG_LINE.fullmatch(line, place) else None


def _name(piece: str) -> str:
    found = _NAME.match(piece)
    return found[1] if found else ""


def names_in(line: str, pieces: Sequence[str]) -> Iterator[str]:
    """The names of the tags on a line, in their order."""
    return (
        _name(pieces[int(found[2])]) for found in marks.LIQUID.finditer(line) if found[1] == "t"
    )


def _depth(line: str, pieces: Sequence[str]) -> tuple[int, int]:
    """How many tags stay open behind a line, and the least at any place in it."""
    depth = least = 0
    for name in names_in(line, pieces):
        depth += (name in _OPENING) - name.startswith("end")
        least = min(least, depth - (name in _BETWEEN))
    return depth, least


def liquid_line(state: StateBlock, start: int, _end: int, silent: Any) -> bool:
    """A line of tags alone is no paragraph: it ends the one before and stands by itself."""
    line = _line(state, start)
    if not marks.TAG_LINE.fullmatch(line):
        return False
    if silent and state.parentType == "table":
        return not _goes_on(state, start)
    if not silent:
        state.line = start + 1
        token = state.push("liquid", "", 0)
        token.content = line
        token.block = True
        _keep_line_ends(line, state.env.get(PIECES, []))
    return True


def _keep_line_ends(line: str, pieces: list[str]) -> None:
    """`{%- … -%}` on a line of its own takes away what the text part's lines end with."""
    for mark in marks.LIQUID.finditer(line):
        pieces[int(mark[2])] = _TRIMMING.sub("%", pieces[int(mark[2])])


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _goes_on(state: StateBlock, number: int) -> bool:
    """A table goes on behind a line of tags: they close what was opened in it, or a row follows."""
    pieces = state.env.get(PIECES, ())
    depth, least = _depth(_line(state, number), pieces)
    opened = _opened_before(state, number, pieces)
    if opened + least < 0:
        return False
    return opened > 0 or (depth > 0 and _row_follows(state, number + 1))


def _opened_before(state: StateBlock, number: int, pieces: Sequence[str]) -> int:
    """How many tags are open at a line that were opened in its table; each line is read once."""
    known: dict[int, int] = state.env.setdefault(_OPENED, {})
    opened = 0
    for above in range(number - 1, -1, -1):
        line = _line(state, above)
        if _DELIMITERS.fullmatch(line) or not line:
            break
        if marks.TAG_LINE.fullmatch(line):
            opened += _depth(line, pieces)[0]
            if above in known:
                opened += known[above]
                break
    known[number] = opened
    return opened


def _row_follows(state: StateBlock, number: int) -> bool:
    while number < state.lineMax and marks.TAG_LINE.fullmatch(_line(state, number)):
        number += 1
    return number < state.lineMax and "|" in _line(state, number)


def print_liquid(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Tags between blocks are comments until they are restored: a table of HTML holds no text."""
    return f"<!--{tokens[index].content}-->\n"


def joined(tokens: Sequence[Token], pieces: list[str]) -> list[Token]:
    """The parsed blocks with loops inside lists and tables."""
    blocks = [_inside(block, pieces) for block in _blocks(tokens)]
    return [token for block in _runs_joined(blocks, pieces) for token in block]


def _inside(block: _Block, pieces: list[str]) -> _Block:
    if block[0].type == "tr_open" and (tags := _tags_of_row(block, pieces)):
        return [tags]
    if len(block) == 1:
        return block
    return [block[0], *joined(block[1:-1], pieces), block[-1]]


def _blocks(tokens: Sequence[Token]) -> Iterator[_Block]:
    block: _Block = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            yield block
            block = []


def _tags_of_row(row: _Block, pieces: list[str]) -> Token | None:
    """A row of tags alone is a line of tags."""
    first, *others = [token.content.strip() for token in row if token.type == "inline"]
    if any(others) or not marks.TAG_LINE.fullmatch(first):
        return None
    _keep_line_ends(first, pieces)
    return Token("liquid", "", 0, content=first, block=True)


def _runs_joined(blocks: list[_Block], pieces: Sequence[str]) -> Iterator[_Block]:
    """Lists of one kind with nothing but tags between them, run by run."""
    run: list[_Block] = []
    kind: tuple[str, str] | None = None
    for block in blocks:
        its_kind = _kind(block)
        if not (_is_tags(block) or (its_kind and kind in {None, its_kind})):
            yield from _joined(run, pieces)
            run, kind = [], None
        if _is_tags(block) or its_kind:
            run.append(block)
            kind = its_kind or kind
        else:
            yield block
    yield from _joined(run, pieces)


def _kind(block: _Block) -> tuple[str, str] | None:
    return (block[0].type, block[0].markup) if block[0].type in _LISTS else None


def _is_tags(block: _Block) -> bool:
    return block[0].type == "liquid"


def _joined(run: list[_Block], pieces: Sequence[str]) -> Iterator[_Block]:
    """One list of a run where a loop makes its items or some of them stand outside all tags."""
    together: list[list[_Block]] = []
    for unit in _units(run, pieces):
        if _is_whole(unit, pieces):
            together.append(unit)
        else:
            yield from _as_one(together, pieces)
            yield from unit
            together = []
    yield from _as_one(together, pieces)


def _units(run: list[_Block], pieces: Sequence[str]) -> Iterator[list[_Block]]:
    """A list, a line of tags, or all from a tag to its end; where it has none, the line alone."""
    depths = [_depth(one[0].content, pieces) if _is_tags(one) else (0, 0) for one in run]
    place = 0
    while place < len(run):
        end = _end_of(depths, place)
        yield run[place:end]
        place = end


def _end_of(depths: Sequence[tuple[int, int]], place: int) -> int:
    opened = 0
    for end in range(place, len(depths)):
        depth, least = depths[end]
        if opened + least < 0:
            break
        opened += depth
        if opened == 0:
            return end + 1
    return place + 1


def _is_whole(unit: list[_Block], pieces: Sequence[str]) -> bool:
    return len(unit) > 1 or not _is_tags(unit[0]) or _depth(unit[0][0].content, pieces) == (0, 0)


def _as_one(units: list[list[_Block]], pieces: Sequence[str]) -> Iterator[_Block]:
    holds = [place for place, unit in enumerate(units) if any(map(_kind, unit))]
    if not holds:
        yield from (block for unit in units for block in unit)
        return
    within = units[holds[0] : holds[-1] + 1]
    yield from (block for unit in units[: holds[0]] for block in unit)
    if _is_one_list(within, len(holds), pieces):
        yield _one_list([block for unit in within for block in unit])
    else:
        for unit in within:
            yield from _branches(unit, pieces)
    yield from (block for unit in units[holds[-1] + 1 :] for block in unit)


def _is_one_list(units: list[list[_Block]], lists: int, pieces: Sequence[str]) -> bool:
    loops = ("for" in names_in(unit[0][0].content, pieces) for unit in units if _is_tags(unit[0]))
    return any(loops) or (lists > 1 and any(_kind(unit[0]) for unit in units))


def _branches(unit: list[_Block], pieces: Sequence[str]) -> Iterator[_Block]:
    """A condition around lists stays around them; what is inside its branches is joined there."""
    if len(unit) == 1:
        yield unit[0]
        return
    yield unit[0]
    yield from _joined(unit[1:-1], pieces)
    yield unit[-1]


def _one_list(blocks: list[_Block]) -> _Block:
    lists = [block for block in blocks if _kind(block)]
    inner = (block[1:-1] if _kind(block) else block for block in blocks)
    return [lists[0][0], *(token for part in inner for token in part), lists[-1][-1]]
