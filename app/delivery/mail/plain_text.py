"""The text part of a mail: what the Markdown says, for those who read no HTML."""

from collections.abc import Callable, Sequence

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from app.delivery.mail import marks


def text_of(tokens: Sequence[Token]) -> str:
    """Write a parsed body as plain text; marks of Liquid and links stay where they are."""
    return _blocks(SyntaxTreeNode(tokens).children)


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(_block(node) for node in nodes)


def _block(node: SyntaxTreeNode) -> str:
    write = _WRITERS.get(node.type)
    if write:
        return write(node)
    if node.type == "inline":
        return _inline(node)
    return _blocks(node.children)


def _paragraph(node: SyntaxTreeNode) -> str:
    return f"{_blocks(node.children)}\n\n"


def _heading(node: SyntaxTreeNode) -> str:
    words = _blocks(node.children)
    rule = ("=" if node.tag == "h1" else "-") * min(len(words), 60)
    return f"{words}\n{rule}\n\n"


def _bullets(node: SyntaxTreeNode) -> str:
    return "".join(_item(child, "- ") for child in node.children) + "\n"


def _numbers(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    numbered = enumerate(node.children, first)
    return "".join(_item(child, f"{number}. ") for number, child in numbered) + "\n"


def _item(node: SyntaxTreeNode, bullet: str) -> str:
    if node.type == "liquid":
        return node.content
    lines = _blocks(node.children).rstrip("\n").split("\n")
    indent = " " * len(bullet)
    begun = [marks.begun(lines[0], first=bullet, others=indent)]
    begun += [marks.begun(one, first=indent, others=indent) if one else "" for one in lines[1:]]
    return "\n".join((*begun, ""))


def _quote(node: SyntaxTreeNode) -> str:
    lines = _blocks(node.children).rstrip("\n").split("\n")
    quoted = (marks.begun(line, first="> ", others="> ") for line in lines)
    return "\n".join((*quoted, "", ""))


def _code(node: SyntaxTreeNode) -> str:
    lines = node.content.rstrip("\n").split("\n")
    return "\n".join((*(marks.begun(one, first="    ", others="    ") for one in lines), "", ""))


def _row(node: SyntaxTreeNode) -> str:
    return " | ".join(_blocks(cell.children) for cell in node.children) + "\n"


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_span(child) for child in node.children)


def _span(node: SyntaxTreeNode) -> str:
    if node.type == "link":
        words, address = _inline(node), str(node.attrs.get("href", ""))
        return f"<{address}>" if node.info == "auto" else f"{words} <{address}>"
    if node.type in {"softbreak", "hardbreak"}:
        return "\n"
    return node.content if not node.children or node.type == "image" else _inline(node)


_WRITERS: dict[str, Callable[[SyntaxTreeNode], str]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "bullet_list": _bullets,
    "ordered_list": _numbers,
    "blockquote": _quote,
    "fence": _code,
    "code_block": _code,
    "tr": _row,
    "table": lambda node: f"{_blocks(node.children)}\n",
    "hr": lambda _node: f"{'-' * 40}\n\n",
    "liquid": lambda node: node.content,
}
