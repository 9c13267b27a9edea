"""An image that a button of the step Mail puts into the body."""

from dataclasses import replace
from html import escape

from sqlmodel import Session

from app.delivery import images
from app.experiments.vocabulary import Format
from app.web.kit.form_state import Typed

BUTTON = "put_image"
_COLUMN = "</mj-column>"


def with_image(session: Session, form: Typed) -> Typed:
    """The form with the image whose button was pressed at the end of its body, if one was."""
    image_id = form.text(BUTTON)
    if image_id is None:
        return form
    row = images.image_of(session, image_id)
    body = form.value("body")
    if form.value("format") == Format.MJML:
        said = f'<mj-image src="image:{row.key}" alt="{escape(row.says)}" />'
        before, column, after = body.rpartition(_COLUMN)
        body = f"{before}{said}\n{column}{after}" if column else f"{body}\n{said}"
    else:
        says = row.says.translate({ord(sign): f"\\{sign}" for sign in "[]\\"})
        body = f"{body.rstrip()}\n\n![{says}](image:{row.key})\n"
    return replace(form, fields={**form.fields, "body": (body,)})
