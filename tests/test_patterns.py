"""No pattern takes more than its share: each is fed growing input, and its time grows with it.

Every pattern that stands anywhere in `app` is found in its source; one that is put together where
it is used has to be given here by an example.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.experiments.metrics import METRICS
from app.identity import bodies
from app.identity.access import RULES
from app.platform import texts, written_days, written_numbers
from app.platform.written_numbers import Decimals
from app.privacy import mentions

codes = importlib.import_module("re._constants")  # what a pattern is made of
parser = importlib.import_module("re._parser")
ROOT = Path(__file__).parent.parent
USES = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
BRIEF = (16, 20, 26, 34, 50, 80, 160)  # what doubles with each sign is seen here, and ends
SHORT, TIMES = 400, 8
LONG = SHORT * TIMES
NOTICED_SECONDS = 0.002  # below, time says nothing
ENDLESS_SECONDS = 0.02  # for a brief text
TOO_MUCH = 3 * TIMES  # eight times the input in 24 times the time: more than its share
EXAMPLES: dict[str, list[str]] = {  # of patterns that are put together inside a function
    "identity/access.py:pattern_of": [
        *(rule.path.pattern for rule in RULES),
        *(path.pattern for path, _ in bodies._NAMED),
    ],
    "privacy/mentions.py:_pattern": [mentions._pattern(["ann@a.example", "a@a.example"]).pattern],
    "platform/written_numbers.py:_shape": [
        written_numbers._SHAPES[one].pattern for one in Decimals
    ],
    "platform/written_numbers.py:_plain": ["[,' ’]", "[.' ’]"],
    "platform/texts.py:_checked": [
        f"[{one.characters}]" for one in vars(texts).values() if isinstance(one, texts.Without)
    ],
    "web/experiments/form_card.py:<module>": [row.words.cards for row in METRICS.values()],
    "platform/written_days.py:<module>": [one.pattern for one in written_days._SELF_EVIDENT],
}


@dataclass(frozen=True)
class Found:
    """A pattern, and where it stands."""

    place: str
    text: str | bytes
    flags: int = 0
    use: str = "compile"  # what it is used for where it stands; what is compiled, for anything

    def __str__(self) -> str:
        return f"{self.place} {self.text!r}"[:90]


def patterns() -> Iterator[Found]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        name = path.relative_to(ROOT / "app").as_posix()
        source = path.read_text()
        if "re." not in source and "pattern=" not in source:
            continue  # most files; reading them all takes every worker of the tests seconds
        for function, call in calls(ast.parse(source)):
            for written in of_call(call):
                yield from read(f"{name}:{call.lineno}", f"{name}:{function}", written, call, path)


def calls(node: ast.AST, function: str = "<module>") -> Iterator[tuple[str, ast.Call]]:
    """Every call, and in which function it stands."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        function = node.name
    if isinstance(node, ast.Call):
        yield function, node
    for inner in ast.iter_child_nodes(node):
        yield from calls(inner, function)


def of_call(call: ast.Call) -> Iterator[ast.expr]:
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in USES:
        yield from call.args[:1] if ast.unparse(function.value) == "re" else ()
    yield from (one.value for one in call.keywords if one.arg == "pattern")


def read(line: str, place: str, written: ast.expr, call: ast.Call, path: Path) -> Iterator[Found]:
    module = importlib.import_module(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    )
    use = call.func.attr if isinstance(call.func, ast.Attribute) else "search"
    flags = sum(_value(one, module) for one in flags_of(call))
    try:
        text = _value(written, module)
    except NameError:
        for example in EXAMPLES[place]:
            yield Found(line, example, flags, use)
        return
    if isinstance(text, (str, bytes)):
        yield Found(line, text, flags, use)


def flags_of(call: ast.Call) -> Iterator[ast.expr]:
    given = [*call.args[1:], *(one.value for one in call.keywords)]
    yield from (one for one in given if ast.unparse(one).startswith("re."))


def _value(node: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), vars(module))


def alphabet(tokens: Any) -> Iterator[str]:
    """Signs that a pattern speaks of: each literal, and one of every set."""
    for operation, of in tokens:
        if operation is codes.LITERAL:
            yield chr(of)
        elif operation in {codes.NOT_LITERAL, codes.ANY}:
            yield "x"
        elif operation is codes.IN:
            yield from of_set(of)
        else:
            yield from (sign for part in parts(of) for sign in alphabet(part))


def of_set(of: Any) -> Iterator[str]:
    for operation, value in of:
        if operation is codes.LITERAL:
            yield chr(value)
        elif operation is codes.RANGE:
            yield chr(value[0])
        elif operation is codes.CATEGORY:
            yield {
                codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " ", codes.CATEGORY_WORD: "a",
            }.get(value, "-")  # fmt: skip
        elif operation is codes.NEGATE:
            yield "x"


def parts(of: Any) -> Iterator[Any]:
    if isinstance(of, parser.SubPattern):
        yield of
    elif isinstance(of, (tuple, list)):
        for one in of:
            yield from parts(one)


def inputs(found: Found) -> Iterator[tuple[str, str]]:
    """What is repeated, and what stands behind it so that nothing matches in the end."""
    signs = list(dict.fromkeys(alphabet(parser.parse(found.text, found.flags))))[:24]
    words = ["".join(signs[at : at + 2]) for at in range(len(signs))]
    words += ["".join(signs[at : at + 4]) for at in range(len(signs))]
    pairs = [one + other for one in signs[:8] for other in signs[:8]]
    for repeated in dict.fromkeys([*signs, *words, *pairs, "a", "1", " ", "\n"]):
        for tail in ("", "\0", "!", "\n"):
            yield repeated, tail


def use_of(found: Found) -> Callable[[Any], object]:
    """A search fails at every place of the text; a match, at one."""
    pattern = re.compile(found.text, found.flags)
    if found.use in {"match", "fullmatch"}:
        return pattern.fullmatch
    return lambda text: (pattern.search(text), pattern.fullmatch(text))


def seconds(use: Callable[[Any], object], text: str | bytes) -> float:
    """By the processor, the best of three: what else runs here takes none of it."""
    took = []
    for _ in range(3):
        began = time.thread_time()
        use(text)
        took.append(time.thread_time() - began)
        if took[-1] < NOTICED_SECONDS:
            break
    return min(took)


def too_slow(found: Found) -> str | None:
    """What makes a pattern take more than its share; None where nothing was found."""
    use = use_of(found)
    for repeated, tail in inputs(found):
        *brief, short, long = (
            text.encode("latin-1", "replace") if isinstance(found.text, bytes) else text
            for text in (
                repeated * (size // len(repeated)) + tail for size in (*BRIEF, SHORT, LONG)
            )
        )
        if any(seconds(use, text) > ENDLESS_SECONDS for text in brief):
            return f"{repeated!r} again and again, then {tail!r}: no end"
        took = seconds(use, long)
        if took > NOTICED_SECONDS and took > TOO_MUCH * seconds(use, short):
            return f"{repeated!r} again and again, then {tail!r}: {took:.4f} s for {LONG}"
    return None


FOUND = list(dict.fromkeys(patterns()))


def test_all_are_found():
    calls = sum(
        len(re.findall(r"\bre\.(?:compile|fullmatch|search|sub|split)\(", path.read_text()))
        for path in (ROOT / "app").rglob("*.py")
    )

    assert len(FOUND) >= calls > 50


@pytest.mark.parametrize("text", [r"(a+)+$", r"\s+$", r"<.*>", r"\{%.*?%\}", r"(\d+)\s*%"])
def test_what_is_too_slow_is_found_out(text: str):
    assert too_slow(Found("here", text)) is not None


@pytest.mark.parametrize("text", [r"\d{1,9}\s?%", r"[^\W_]+", r"\{%[^%]{0,80}%\}", r"^\s*\d"])
def test_what_is_not_is_left_alone(text: str):
    assert too_slow(Found("here", text)) is None


@pytest.mark.parametrize("found", FOUND, ids=str)
def test_no_pattern_takes_more_than_its_share(found: Found):
    assert too_slow(found) is None
