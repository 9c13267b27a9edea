import pytest
from sqlmodel import Session

from app.experiments import drafts, feature_outline, feature_store, store
from app.experiments.design_schemas import Changes
from app.experiments.outline_schemas import FeatureChanges, FeatureDraft, SliceChanges, SliceDraft
from app.platform.errors import Invalid, NotFound
from tests.experiments.scenes import NOW, draft, given_draft, given_key_result


def test_a_draft_keeps_the_whole_document_with_its_defaults(session: Session):
    experiment = given_draft(session, people=1)

    assert experiment.design["metric"]["window_hours"] == 72
    assert (experiment.name, experiment.status) == ("Waste in euros", "draft")


def test_a_change_replaces_the_fields_that_were_sent(session: Session):
    experiment = given_draft(session, people=1, sample=5)
    changes = Changes.model_validate({"name": "New name", "sample": None})
    drafts.change(session, experiment, changes, by="Ann", now=NOW)

    assert (experiment.name, experiment.design["sample"]) == ("New name", None)
    assert experiment.design["rule"]["threshold"] == 0.08


def test_a_change_that_leaves_no_design_is_refused_at_its_field(session: Session):
    experiment = given_draft(session, people=1)

    with pytest.raises(Invalid) as refused:
        drafts.change(
            session, experiment, Changes.model_validate({"rule": None}), by="Ann", now=NOW
        )
    assert [one.field for one in refused.value.errors] == ["rule"]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("audience_id", {"audience_id": "nobody"}),
        ("slice_id", {"slice_id": "none"}),
        ("previous_id", {"previous_id": "none"}),
        ("exclude.experiment_ids", {"exclude": {"experiment_ids": ["none"]}}),
        ("key_results", {"key_results": [{"key_result_id": "none"}]}),
    ],
)
def test_an_id_that_names_nothing_is_wrong_at_its_field(
    session: Session, field: str, changes: dict[str, object]
):
    with pytest.raises(Invalid) as refused:
        drafts.add(session, draft(**changes), by="Ann", now=NOW)

    assert [one.field for one in refused.value.errors] == [field]


def test_an_experiment_that_is_not_there_is_not_found(session: Session):
    with pytest.raises(NotFound):
        store.experiment_of(session, "none")


def test_experiments_are_listed_newest_first_in_pages(session: Session):
    first = given_draft(session, people=1)
    rest = [given_draft(session, audience_id=first.audience_id) for _ in range(2)]
    ids = sorted([first.id, *(one.id for one in rest)], reverse=True)
    page = store.experiments(session, limit=2)
    following = store.experiments(session, cursor=page.next, limit=2)

    assert [one.id for one in [*page, *following]] == ids


def test_slices_stand_in_their_order(session: Session):
    feature = feature_outline.add_feature(session, FeatureDraft(title="Waste"), by="Ann", now=NOW)
    for title, order in (("last", None), ("second", None), ("first", 0)):
        wanted = SliceDraft(feature_id=feature.id, title=title, order=order)
        feature_outline.add_slice(session, wanted, now=NOW)
    last = next(one for one in feature_store.slices_of(session, feature.id) if one.title == "last")
    feature_outline.amend_slice(session, last, SliceChanges(order=9))
    session.flush()

    assert [one.title for one in feature_store.slices_of(session, feature.id)] == [
        "first",
        "second",
        "last",
    ]


def test_a_feature_keeps_what_a_change_does_not_name(session: Session):
    key_result = given_key_result(session, "Weekly active bakeries")
    wanted = FeatureDraft(title="Waste", key_result_id=key_result, full_build_weeks=6)
    feature = feature_outline.add_feature(session, wanted, by="Ann", now=NOW)
    feature_outline.amend_feature(session, feature, FeatureChanges(problem="Bread is thrown away."))

    assert (feature.title, feature.problem) == ("Waste", "Bread is thrown away.")
    assert (feature.key_result_id, feature.full_build_weeks) == (key_result, 6)


@pytest.mark.parametrize(
    ("field", "draft_of"),
    [
        ("key_result_id", {"key_result_id": "none"}),
        ("team_ids", {"team_ids": ["none"]}),
    ],
)
def test_a_feature_names_only_what_there_is(
    session: Session, field: str, draft_of: dict[str, object]
):
    with pytest.raises(Invalid) as refused:
        feature_outline.add_feature(
            session, FeatureDraft.model_validate({"title": "Waste"} | draft_of), by="Ann", now=NOW
        )

    assert [one.field for one in refused.value.errors] == [field]
