"""Images for mails: uploaded, chosen by a button, served to anybody, kept while they are shown."""

import re
from html import unescape

import pytest
from sqlmodel import Session, select

from app.delivery.models import MailImage
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.delivery.images_drawn import SECRET, jpeg, png
from tests.web.conftest import Browser
from tests.web.experiments.test_steps import fields_of
from tests.web.test_journey import CARD, id_in

SAYS = "Three loaves [rye], not sold"


@pytest.fixture
def step(eve: Browser, bakeries: str) -> str:
    made = id_in(eve.post("/experiments", **CARD, audience_id=bakeries), "experiments")
    return f"/experiments/{made}/edit/mail"


def uploaded(eve: Browser) -> str:
    answer = eve.upload("/images", "loaves.png", png(), says=SAYS)
    assert answer.status_code == 303, answer.text
    return id_in(answer, "images")


def key_of(database: Database, image_id: str) -> str:
    with database.read() as session:
        return session.get_one(MailImage, image_id).key


def body_of(page: str) -> str:
    found = re.search(r'<textarea[^>]* name="body"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found, page
    return unescape(found[1])


def test_it_is_served_to_anybody_for_long_and_tells_nobody(
    eve: Browser, database: Database, stranger: Browser
):
    key = key_of(database, uploaded(eve))
    answer = stranger.get(f"/i/{key}")
    again = stranger.get(f"/i/{key}", **{"if-none-match": answer.headers["etag"]})

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in answer.headers
    assert answer.content.startswith(b"\x89PNG")
    assert SECRET not in answer.content
    assert (again.status_code, again.content) == (304, b"")
    assert stranger.get("/i/nothing").status_code == 404
    assert len(key) == 22


def test_a_button_puts_it_at_the_end_of_the_body_and_the_mail_shows_it(
    eve: Browser, database: Database, step: str
):
    image_id = uploaded(eve)
    key = key_of(database, image_id)
    fields = fields_of(eve.get(step).text)
    page = eve.get(eve.post(step, **fields | {"put_image": image_id}).headers["location"]).text
    frame = unescape(re.search(r'<iframe[^>]*src="([^"]*)"', page)[1])  # type: ignore[index]

    assert body_of(page).endswith(f"\n\n![Three loaves \\[rye\\], not sold](image:{key})")
    assert f'src="/i/{key}" alt="{SAYS}"' in eve.get(frame).text


def test_in_mjml_it_goes_into_the_last_column(eve: Browser, database: Database, step: str):
    image_id = uploaded(eve)
    mjml = "<mjml><mj-body><mj-section><mj-column></mj-column></mj-section></mj-body></mjml>"
    fields = fields_of(eve.get(step).text) | {"format": "mjml", "body": mjml}
    page = eve.get(eve.post(step, **fields | {"put_image": image_id}).headers["location"]).text

    source = f'<mj-image src="image:{key_of(database, image_id)}" alt="{SAYS}" />'
    assert source in body_of(page)
    assert "Nothing is wrong" in page or "mjml" not in page.partition('id="look"')[2]


def test_without_words_it_is_not_taken_and_nothing_typed_is_lost(eve: Browser):
    wordless = eve.upload("/images", "loaves.png", png(), says=" ")
    wrong = eve.upload("/images", "loaves.svg", b"<svg/>", says=SAYS)

    assert "Say in words what it shows" in wordless.text
    assert "It is no PNG, JPEG, GIF or WebP" in wrong.text
    assert f'value="{SAYS}"' in wrong.text


def test_its_name_and_words_are_one_line_of_bounded_length(eve: Browser):
    answer = eve.upload("/images", "loaf\u202egnp.exe", png(), says="A loaf\u202e\nof rye")
    page = eve.get(f"/images/{id_in(answer, 'images')}").text
    long = eve.upload("/images", "a.png", png(), says="a" * 501)

    assert "loaf gnp.exe" in page
    assert "A loaf of rye" in page
    assert "Say it in 500 characters at most" in long.text


def test_it_stays_while_a_launched_experiment_shows_it(eve: Browser, database: Database, step: str):
    image_id = uploaded(eve)
    eve.post(step, **fields_of(eve.get(step).text) | {"put_image": image_id})
    with database.write() as session:
        _set(session, Status.RUNNING)
    refused = eve.post(f"/images/{image_id}/remove")
    told = eve.get(f"/images/{image_id}").text
    with database.write() as session:
        _set(session, Status.DRAFT)
    gone = eve.post(f"/images/{image_id}/remove")

    assert refused.status_code == 409
    assert "was launched with it" in refused.text
    assert "Launched with it:" in told
    assert gone.status_code == 303
    assert "shows an image that is not here" in eve.get(step).text


def test_the_checklist_says_where_an_image_has_no_words(eve: Browser, step: str):
    body = "![](https://cdn.example/a.png) [Look](https://shop.example)"
    page = eve.keep(step, **fields_of(eve.get(step).text) | {"body": body}).text

    assert "has 1 image without words" in page


def test_viewers_look_and_change_nothing(eve: Browser, bo: Browser):
    image_id = uploaded(eve)

    assert bo.get("/images").status_code == bo.get(f"/images/{image_id}").status_code == 200
    assert "<form" not in bo.get(f"/images/{image_id}").text.partition("<main")[2]
    assert bo.upload("/images", "a.jpg", jpeg(), says="A loaf").status_code == 403


def _set(session: Session, status: Status) -> None:
    session.exec(select(Experiment)).one().status = status
