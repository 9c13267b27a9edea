"""What can be wrong with a template, in sentences for its author."""

from app.platform.errors import Invalid


class BrokenLiquid(Invalid):
    """The template does not parse, or cannot be rendered for somebody."""

    title = "The Liquid does not work"

    def __init__(self, sentence: str, *, line: int | None = None) -> None:
        super().__init__(sentence if line is None else f"Line {line}: {sentence}")
        self.line = line


class MissingColumn(Invalid):
    """Something that the content prints is missing for this person."""

    title = "A column is missing"

    def __init__(self, column: str) -> None:
        super().__init__(f"“{column}” is missing.")
        self.column = column


class BadBody(Invalid):
    """Something in a body cannot stand there; `id` is its item of the checklist."""

    title = "The body does not work"

    def __init__(self, id_: str, sentence: str) -> None:
        super().__init__(sentence)
        self.id = id_
