"""The question before something is removed."""

from tests.web.conftest import Browser


def test_what_is_used_is_listed_with_links_and_then_removed(eve: Browser):
    feature = eve.post("/features", title="Waste").headers["location"].split("?")[0]
    made = eve.post(f"{feature}/slices", title="In euros").headers["location"].split("?")[0]
    kept = eve.get(f"/removals{feature}")
    refused = eve.post(f"/removals{feature}")
    asked = eve.get(f"/removals{made}")
    gone = eve.send(f"/removals{made}", on=made)
    empty = eve.send(f"/removals{feature}", on=feature)

    assert f'<a href="{made}">In euros</a>' in kept.text
    assert refused.status_code == 409
    assert "The slice goes; its feature stays." in asked.text
    assert "Removed." in gone.text
    assert "Removed." in empty.text
    assert eve.get(feature).status_code == 404


def test_what_is_no_kind_of_thing_is_not_here(eve: Browser):
    assert eve.get("/removals/people/1").status_code == 404


def test_a_viewer_removes_nothing(eve: Browser, bo: Browser):
    feature = eve.post("/features", title="Waste").headers["location"].split("?")[0]

    assert bo.post(f"/removals{feature}").status_code == 403
