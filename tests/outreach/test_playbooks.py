"""A playbook as a file: out of one house and into another."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session

from app.okr import outcomes, store
from app.okr.models import Cycle
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft
from app.outreach import digests, playbooks
from app.outreach.schemas import DigestDraft
from app.platform.errors import Invalid
from app.review.playbook import CopyDraft

NOW = datetime(2026, 12, 20, 9, tzinfo=UTC)
NEXT = CopyDraft(name="2027 Q1", starts=date(2027, 1, 1))
BY_HAND = """
thinslice_playbook: 1
cycle: {name: A quarter, days: 90}
objectives:
  - title: Bakers plan with us
    teams: [{name: Oven, function: product}]
    key_results:
      - {title: Active bakeries, kind: increase, start: 1240, target: 1800}
digest: monday 10:00
survey:
  opens: thursday 15:00
  buckets:
    - {name: Fires, elective: false}
    - {name: New, elective: true, target: 1.0}
"""


def given_cycle(session: Session) -> Cycle:
    team = outcomes.add_team(session, TeamDraft(name="Öven", function="product"))
    cycle = outcomes.add_cycle(
        session, CycleDraft(name="2026 Q4", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
    )
    objective = outcomes.add_objective(
        session,
        ObjectiveDraft(title="Plan: with us", cycle_id=cycle.id, team_ids=[team.id]),
        now=NOW,
    )
    draft = KeyResultDraft(
        objective_id=objective.id, title="Active", kind="increase", start=0.1, target=0.3
    )
    outcomes.add_key_result(session, draft, now=NOW)
    return cycle


def test_what_is_written_is_read_again(session: Session):
    cycle = given_cycle(session)
    text = playbooks.written(session, cycle, today=NOW.date())
    copied = playbooks.take_over(
        session, playbooks.read(text), NEXT, settings=True, by="Ann", now=NOW
    )
    (objective,) = store.objectives(session, cycle_id=copied.cycle.id)
    (row,) = store.key_results(session, objective_id=objective.id)

    assert "thinslice_playbook: 1" in text
    assert "Öven" in text
    assert (copied.objectives, copied.key_results, copied.teams) == (1, 1, 0)
    assert (objective.title, row.start, row.target) == ("Plan: with us", 0.1, 0.3)


def test_one_that_was_written_by_hand_sets_up_a_house(session: Session):
    mails = DigestDraft.model_validate({"recipients": ["ann@example.com"]})
    digests.put(session, mails, now=NOW)
    book = playbooks.read(BY_HAND)
    made = playbooks.take_over(session, book, NEXT, settings=True, by="Ann", now=NOW)
    digest = digests.digest_settings(session)

    assert made.cycle.ends == date(2027, 3, 31)
    assert digest is not None
    assert (digest.recipients, digest.sends_at) == (["ann@example.com"], "monday 10:00")


def test_without_being_asked_it_sets_nothing_of_the_house(session: Session):
    playbooks.take_over(session, playbooks.read(BY_HAND), NEXT, settings=False, by="Ann", now=NOW)

    assert digests.digest_settings(session) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "This is no playbook"),
        ("- a\n- b", "This is no playbook"),
        ("thinslice_playbook: 2\ncycle: {name: A, days: 9}", "This is no playbook"),
        ("thinslice_playbook: [", "This is not YAML: something is wrong in line"),
        ("\x00", "This is not YAML"),
        ("a: !!python/object/apply:os.system [ls]", "This is not YAML"),
        ("a: &x [1]\nb: *x", "no YAML aliases"),
        (BY_HAND.replace("days: 90", "days: 1"), r"cycle\.days: "),
        (BY_HAND.replace("target: 1800", "target: 1"), "target of an increase must lie above"),
        (BY_HAND.replace("thursday 15:00", "thursday"), "like friday 14:00"),
        (BY_HAND + "colour: red", "colour: "),
        ("#" * 1_000_001, "at most 1 MB"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str):
    with pytest.raises(Invalid, match=said):
        playbooks.read(text)
