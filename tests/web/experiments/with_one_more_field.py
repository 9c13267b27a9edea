"""What `test_form_fields` runs with the plugin: a sentence of the card that is declared is asked,
kept, shown, and known to other systems."""

import re

from app.experiments import store
from app.experiments.design_schemas import Draft
from app.platform.db import Database
from tests.web.conftest import Browser
from tests.web.experiments.one_more_field import LABEL, NAME, TOLD
from tests.web.test_journey import CARD, id_in


def test_it_is_asked_kept_and_shown(eve: Browser, bakeries: str, database: Database):
    empty = eve.get("/experiments/new").text
    fields = CARD | {NAME: "Tell every baker.", "audience_id": bakeries}
    made = id_in(eve.post("/experiments", **fields), "experiments")
    again = eve.get(f"/experiments/{made}/edit/believe").text
    shown = eve.get(f"/experiments/{made}").text
    with database.read() as session:
        design = store.experiment_of(session, made).design

    assert re.search(rf'<label[^>]*for="{NAME}">{LABEL}</label>', empty)
    assert design["hypothesis"][NAME] == "Tell every baker."
    assert re.search(rf'name="{NAME}"[^>]*>\s*Tell every baker\.</textarea>', again)
    assert re.search(rf"<dt>{TOLD}</dt><dd[^>]*>Tell every baker\.</dd>", shown)


def test_what_is_wrong_with_it_stands_beside_it(eve: Browser, bakeries: str):
    fields = CARD | {NAME: "x" * 200_001, "audience_id": bakeries}
    refused = eve.send("/experiments", on="its step", **fields).text

    assert re.search(rf'name="{NAME}"[^>]*aria-invalid="true"', refused)


def test_other_systems_read_of_it():
    card = Draft.model_json_schema()["$defs"]["Hypothesis"]["properties"]

    assert card[NAME]["title"] == LABEL
