"""What somebody typed into a form, and what is wrong with it: shown again, nothing lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import Depends
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from app.platform.errors import AppError, FieldError
from app.platform.texts import refuse_unstorable, unticked

PASSWORDS = frozenset({"password", "old", "new"})  # fields that no page fills in


@dataclass(frozen=True, slots=True)
class Typed:
    """A form's fields as text. `errors` stand beside their fields, `sentence` above them all."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""
    had_file: bool = False  # browsers let no page choose one

    @classmethod
    def of(cls, **values: object) -> "Typed":
        """A form filled in beforehand; None is an empty field."""
        return cls(fields={name: _texts(value) for name, value in values.items()})

    def value(self, name: str) -> str:
        """The field's text, or nothing."""
        return next(iter(self.fields.get(name, ())), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field that can be chosen several times."""
        return self.fields.get(name, ())

    def text(self, name: str) -> str | None:
        """The trimmed text; None where nothing was typed."""
        return self.value(name).strip() or None

    def error(self, name: str) -> str:
        """What is wrong with this field, or nothing."""
        return self.errors.get(name, "")

    @property
    def forgets(self) -> str:
        """What a page that shows it again cannot hold, in words; empty: all of it stands there."""
        password = "the password" if PASSWORDS & self.fields.keys() else ""
        return " and ".join(filter(None, (password, "the file" if self.had_file else "")))

    @property
    def loose(self) -> tuple[str, ...]:
        """Errors of fields that the form does not show."""
        return tuple(
            message
            for name, message in self.errors.items()
            if name not in self.fields and message != self.sentence
        )

    def mended(
        self, error: AppError | ValidationError, names: Mapping[str, str] | None = None
    ) -> "Typed":
        """The same form with what is wrong, whoever found it."""
        if isinstance(error, AppError):
            return self.refused(error, names)
        return self.wrong(error, names)

    def refused(self, error: AppError, names: Mapping[str, str] | None = None) -> "Typed":
        """The same form with what a room said; `names` maps its fields to the form's."""
        known = names or {}
        errors = {known.get(e.field, e.field): unticked(e.message) for e in error.errors}
        return replace(self, errors=errors, sentence=unticked(str(error)))

    def wrong(self, error: ValidationError, names: Mapping[str, str] | None = None) -> "Typed":
        """The same form with what a schema found."""
        known = names or {}
        field_errors = [FieldError(_place(e["loc"]), _sentence(e["msg"])) for e in error.errors()]
        errors = {known.get(e.field, e.field): unticked(e.message) for e in field_errors}
        return replace(self, errors=errors, sentence="Please look at the marked fields.")


async def typed(request: Request) -> Typed:
    """Read the form of this request; files are left to who wants them."""
    async with request.form() as form:
        return of_form(form)


def of_form(form: FormData) -> Typed:
    """The text fields of a form. Raises Invalid where no database keeps what was sent."""
    sent = [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
    refuse_unstorable(sent)
    fields: dict[str, tuple[str, ...]] = {}
    for name, text in sent:
        fields[name] = (*fields.get(name, ()), text.replace("\r\n", "\n"))
    return Typed(fields=fields)


Form = Annotated[Typed, Depends(typed)]


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return (_number(value) if isinstance(value, float) else str(value),)


def _number(value: float) -> str:
    return f"{value:.10g}"


def _place(location: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in location)


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
