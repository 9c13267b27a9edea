"""What programs are told in backticks, people read in quotes."""

from pydantic import BaseModel, Field, ValidationError

from app.platform.errors import Invalid
from app.platform.texts import unticked
from app.web.kit.form_state import Typed


class _Asked(BaseModel):
    name: str = Field(description="x")

    @classmethod
    def wrong(cls) -> ValidationError:
        try:
            cls.model_validate({})
        except ValidationError as error:
            return error
        raise AssertionError


def test_a_sentence_for_programs_reads_as_one_for_people():
    assert unticked("No column is called `email`, and `a` `b`") == (
        "No column is called “email”, and “a” “b”"
    )
    assert unticked("one ` alone") == "one ` alone"


def test_a_form_shows_no_backtick():
    form = Typed().refused(Invalid.at("field", "Say `yes` or `no`."))

    assert form.sentence == "Say “yes” or “no”."
    assert form.error("field") == "Say “yes” or “no”."
    assert "`" not in " ".join(Typed().wrong(_Asked.wrong()).errors.values())
