"""Loops and conditions around and inside lists and tables: a list stays one, a table a table."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import product

import pytest

from app.delivery.answers_page import _with_addresses, template_of
from tests.delivery.mail.test_compose import mail, part

_HEAD = "| a | b |\n|---|---|\n"
KINDS = {
    "bullets": ("", "- {}", "li", "ul", "- {}"),
    "numbers": ("", "1. {}", "li", "ol", ". {}"),
    "rows": (_HEAD, "| {} | 1 |", "tr", "table", "{} | 1"),
}
# What stands around an item, what stands in it, and what is shown of it to whom.
TAGS = {
    "loop": ("{% for x in xs %}", "{% endfor %}", "{{ x }}", ["r", "s", "t"]),
    "loop over nothing": ("{% for x in none %}", "{% endfor %}", "{{ x }}", []),
    "loop over one": ("{% for x in xs limit: 1 %}", "{% endfor %}", "{{ x }}", ["r"]),
    "condition": ("{% if yes %}", "{% endif %}", "c", ["c"]),
    "condition that fails": ("{% if no %}", "{% endif %}", "c", []),
    "unless": ("{%- unless no -%}", "{%- endunless -%}", "c", ["c"]),
    "case": ("{% case yes %}{% when 'y' %}", "{% endcase %}", "c", ["c"]),
    "loop in a condition": ("{% if yes %}{% for x in xs %}", "{% endfor %}{% endif %}", "{{ x }}",
                            ["r", "s", "t"]),
    "condition in a loop": ("{% for x in xs %}{% if x != 's' %}", "{% endif %}{% endfor %}",
                            "{{ x }}", ["r", "t"]),
}  # fmt: skip
COLUMNS: dict[str, object] = {"xs": ["r", "s", "t"], "none": [], "yes": "y", "v": "a\r\nb\nc"}

_LETTER = re.compile(r'<div class="letter"[^>]*>(?:\r?\n)?|(?:\r?\n)?</div>\s*<div class="foot"')


class _Outline(HTMLParser):
    """What stands in which element; every element ends where it should."""

    def __init__(self, made: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.begun: list[str] = []
        self.items: list[str] = []
        self.feed(made)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Sequence[object]) -> None:  # noqa: ARG002  # theirs
        self.begun.append(tag)
        if tag not in {"br", "img", "hr"}:
            self.open.append(tag)
        if tag in {"li", "tr"}:
            self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            assert self.open[-1] in {"li", "td", "th", "p"}, (data, self.open)
            if set(self.open) & {"li", "tr"}:
                self.items[-1] += data.strip() + " "


def outline(body: str) -> tuple[_Outline, list[str]]:
    """What stands in a mail, and on an answer page with the same words."""
    made = mail(body, COLUMNS, subject="s")
    written, filler = template_of(body)
    page = _Outline(_with_addresses(filler.fill(COLUMNS), written.links))
    found = _Outline(_LETTER.split(part(made, "html").replace("\r\n", "\n"))[1])
    assert (page.items, page.begun) == (found.items, found.begun)
    return found, part(made, "plain").replace("\r\n", "\n").partition("\n-- \n")[0].split("\n")


@pytest.mark.parametrize("own_line", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tags", TAGS)
def test_tags_around_items_and_rows_leave_one_block(kind: str, tags: str, own_line: bool):
    head, item, element, whole, in_text = KINDS[kind]
    opening, closing, word, shown = TAGS[tags]
    between = "\n" if own_line else ""
    for before, after in product(([], ["first"]), ([], ["last"])):
        inner = f"{opening}{between}{item.format(word)}{between}{closing}"
        lines = [*map(item.format, before), inner, *map(item.format, after)]
        found, text = outline(f"Hello\n\n{head}{chr(10).join(lines)}\n\nBye")
        words = [*before, *shown, *after]

        items = found.items[1:] if head else found.items
        assert [one.split()[0] for one in items] == words
        assert found.begun.count(element) == len(words) + bool(head)
        assert found.begun.count(whole) <= 1
        assert found.begun.count("p") == 2
        places = [n for n, line in enumerate(text) if any(in_text.format(w) in line for w in words)]
        assert len(places) == len(words)
        assert tags != "loop" or places == list(range(places[0], places[-1] + 1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("yes", ["yes", "no"])
def test_each_branch_of_a_condition_is_a_whole_block(kind: str, yes: str):
    head, item, _, whole, _ = KINDS[kind]
    body = (
        f"{{% if {yes} %}}\n{head}{item.format('one')}\n{item.format('two')}\n{{% else %}}\n\n"
        f"{head}{item.format('three')}\n{{% endif %}}\n\nBye"
    )
    found, _ = outline(body)

    said = [one.split()[0] for one in found.items if not one.startswith("a ")]
    assert said == (["one", "two"] if yes == "yes" else ["three"])
    assert found.begun.count(whole) == 1


@pytest.mark.parametrize("row", ["| {{ x }} | {% if x == 's' %}yes{% else %}no{% endif %} |"])
@pytest.mark.parametrize("own_line", [True, False])
def test_a_condition_inside_a_cell_stays_there(row: str, own_line: bool):
    end = "\n" if own_line else ""
    found, text = outline(f"{_HEAD}{{% for x in xs %}}{end}{row}{end}{{% endfor %}}")

    assert found.items[1:] == ["r no ", "s yes ", "t no "]
    assert "s | yes" in text


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ("- a\n  {% for x in xs %}\n  - {{ x }}\n  {% endfor %}\n- b",
         ["a ", "r ", "s ", "t ", "b "]),
        ("> - a\n> {% for x in xs %}\n> - {{ x }}\n> {% endfor %}", ["a ", "r ", "s ", "t "]),
        ("- a {% if yes %}yes{% endif %}\n- b", ["a yes ", "b "]),
        ("- a {% if yes %}\n  more{% endif %}\n- b", ["a \nmore ", "b "]),
        ("- a{% if yes %}\n- b{% endif %}\n- c", ["a ", "b ", "c "]),
        ("{% if yes %}- a{% endif %} b", []),
        ("{% if yes %}- a {% if yes %}\n  b{% endif %}{% endif %}", []),
        ("- a\n\n{% if yes %}\n- b\n{% endif %}\n\n- c", ["a ", "b ", "c "]),
        ("{% for x in xs %}\n- {{ x }}\n\n  more\n{% endfor %}", ["r more ", "s more ", "t more "]),
        ("{% if yes %}\ntext\n\n- a\n{% endif %}\n- b", ["a ", "b "]),
        ("{% for x in xs %}\ntext\n\n- {{ x }}\n{% endfor %}", ["r ", "s ", "t "]),
        ("{% assign n = 1 %}\n- a\n{% assign m = 2 %}\n- b", ["a ", "b "]),
        (f"{{% for x in xs %}}\n\n{_HEAD}| {{{{ x }}}} | 1 |\n\n{{% endfor %}}",
         ["a b ", "r 1 ", "a b ", "s 1 ", "a b ", "t 1 "]),
        (f"{_HEAD}| x | 1 |\n{{% if yes %}}\ntext\n{{% endif %}}", ["a b ", "x 1 "]),
        ("{% for x in xs %}\n## {{ x }}\n{% endfor %}".replace("## ", "- "), ["r ", "s ", "t "]),
    ],
)  # fmt: skip
def test_blocks_of_other_shapes_keep_theirs(body: str, items: list[str]):
    assert outline(body)[0].items == items


@pytest.mark.parametrize(
    ("body", "in_html"),
    [
        ("{{ v }}", "<p>a<br>\nb<br>\nc</p>"),
        ("{{ v | strip }}", "<p>a<br>\nb<br>\nc</p>"),
        ("- {{ v }}", "<li>a<br>\nb<br>\nc</li>"),
        ("> {{ v }}", "<p>a<br>\nb<br>\nc</p>"),
        ("# {{ v }}", "<h1>a<br>\nb<br>\nc</h1>"),
        ("**{{ v }}**", "<strong>a<br>\nb<br>\nc</strong>"),
        (f"{_HEAD}| {{{{ v }}}} | 1 |", "<td>a<br>\nb<br>\nc</td>"),
        ("    {{ v }}", "<pre><code>a\nb\nc\n</code></pre>"),
        ("![{{ v }}](https://x.example/a.png)", 'alt="a\nb\nc"'),
        ("[{{ v }}](mailto:a@b.example?body={{ v }})",
         '<a href="mailto:a@b.example?body=a%0D%0Ab%0D%0Ac">a<br>\nb<br>\nc</a>'),
    ],
)  # fmt: skip
def test_the_lines_of_a_value_stay_lines_in_both_parts(body: str, in_html: str):
    made = mail(body, {"v": "a\r\nb\nc", "name": "x"}, subject="s")
    written, filler = template_of(body)
    plain = re.sub(r' style="[^"]*"', "", part(made, "html").replace("\r\n", "\n"))
    text = part(made, "plain").replace("\r\n", "\n")

    assert in_html in plain
    assert in_html in _with_addresses(filler.fill({"v": "a\r\nb\nc"}), written.links)
    assert re.search(r"a\n\W*b\n\W*c", text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("- {{ v }}\n- x", "- a\n  b\n- x"),
        ("1. {{ v }}", "1. a\n   b"),
        ("> {{ v }}", "> a\n> b"),
        ("> - x {{ v }}\n>   y", "> - x a\n>   b\n>   y"),
        ("- x\n\n  {{ v }}\n\n  - {{ v }}", "- x\n\n  a\n  b\n\n  - a\n    b"),
        ("{% for x in xs %}\n- {{ x }}{{ v }}\n{% endfor %}", "- ra\n  b\n- sa\n  b"),
        ("- [{{ v }}](mailto:a@b.example)", "- a\n  b <mailto:a@b.example>"),
        ("    {{ v }}", "    a\n    b"),
        ("{{ v }}", "a\nb"),
    ],
)
def test_the_lines_of_a_value_stay_in_their_item_and_quote(body: str, text: str):
    for columns in ({"v": "a\nb"}, {"v": "ab"}):
        row: dict[str, object] = {"xs": ["r", "s"], "name": "x", **columns}
        said = part(mail(body, row, subject="s"), "plain").replace("\r\n", "\n")

        expected = text if "\n" in columns["v"] else re.sub(r"a\n[> ]*b", "ab", text)
        assert said.startswith(f"{expected}\n\n-- \n")
