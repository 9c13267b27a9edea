import pytest

from app.outreach import digests, store
from app.platform import outbound
from app.platform.db import Database
from tests.web.conftest import Browser


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = {"intern.example": "10.0.0.7"}
    monkeypatch.setattr(
        outbound, "resolve", lambda host, _port: [inside.get(host, "93.184.216.34")]
    )


def test_a_webhook_shows_its_secret_once_and_can_be_tried(ann: Browser, database: Database):
    made = ann.post("/connections/webhooks", address="https://hooks.example/x", name="Ours")
    with database.read() as session:
        hook = store.webhooks(session)[0].id

    page = ann.send(f"/connections/{hook}/test", on="test")

    assert "whsec_" in made.text
    assert "whsec_" not in page.text
    assert "test.sent" in page.text


def test_a_disabled_webhook_says_by_whom(ann: Browser, database: Database):
    ann.post("/connections/webhooks", address="https://hooks.example/x")
    with database.read() as session:
        hook = store.webhooks(session)[0].id

    page = ann.send(f"/connections/{hook}/disable", on="disable")

    assert "Disabled by Ann." in page.text


def test_an_address_inside_is_refused_and_nothing_typed_is_lost(ann: Browser):
    page = ann.post("/connections/webhooks", address="https://intern.example/x")

    assert page.status_code == 422
    assert 'value="https://intern.example/x"' in page.text


def test_a_connector_is_added_and_its_token_is_not_shown(ann: Browser):
    page = ann.send(
        "/connections", on="add", kind="clickup", title="Our ClickUp", **{"clickup.token": "t0ken"}
    )

    assert "Our ClickUp" in page.text
    assert "t0ken" not in page.text


def test_an_editor_may_not_look(eve: Browser):
    assert eve.get("/connections").status_code == 403


def test_the_weeks_mail_has_its_list_and_its_time(ann: Browser, database: Database):
    listed = "bo@x.example\ncem@x.example"
    page = ann.send("/connections/digest", on="digest", recipients=listed, sends_at="Monday 10:00")
    with database.read() as session:
        row = digests.digest_settings(session)

    assert row is not None
    assert (row.recipients, row.sends_at) == (["bo@x.example", "cem@x.example"], "monday 10:00")
    assert 'value="monday 10:00"' in page.text


def test_a_broken_address_or_time_of_the_weeks_mail_is_marked(ann: Browser, database: Database):
    page = ann.post("/connections/digest", recipients="bo@x.example\ncem", sends_at="soon")

    assert page.status_code == 422
    assert "valid email address" in page.text
    assert "Write a day and a time, like monday 08:00." in page.text
    assert "bo@x.example\ncem</textarea>" in page.text
    with database.read() as session:
        assert digests.digest_settings(session) is None
