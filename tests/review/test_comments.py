"""Who is named in a comment, whose it is, and what of it stays."""

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from app.experiments.models import Experiment
from app.identity import users, watching
from app.identity.callers import Principal
from app.identity.models import User
from app.platform.errors import Conflict, Forbidden, NotFound, TooMany
from app.platform.events import Event
from app.review import comments
from app.review.mentions import named_in, named_nobody
from app.review.models import Comment
from app.review.schemas import CommentDraft
from tests.analysis.scenes import given_experiment
from tests.identity.scenes import given_user
from tests.outreach.conftest import NOW

_TEAM = ("Ann Bell", "Ann Cole", "Bo Ek", "Åse", "O’Hara")
PEOPLE = [User(id=one, email=f"{number}@x.example", name=one, role="editor", password_hash="",
               created_at=NOW) for number, one in enumerate(_TEAM)]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Ann Bell, look", ["Ann Bell"]),
        ("@ann bell", ["Ann Bell"]),
        ("@Ann what?", []),  # two are called so
        ("@Bo and @bo ek", ["Bo Ek"]),
        ("(@Åse)", ["Åse"]),
        ("@Bob", []),
        ("write to bo@Bo.example", []),
        ("@@Bo", ["Bo Ek"]),
        ("@O’Hara's", ["O’Hara"]),
        ("@Ann Bell@Bo", ["Ann Bell"]),  # as in an address
        ("@", []),
        ("", []),
        ("@Ann Bellman", []),
    ],
)
def test_a_name_after_an_at_names_whoever_bears_it_alone(text: str, named: list[str]):
    assert named_in(text, PEOPLE) == named


def _said(session: Session, by: User, text: str = "Why?") -> Comment:
    experiment = session.exec(select(Experiment)).first()
    experiment = experiment or given_experiment(session)
    return comments.add(
        session, "experiment", experiment.id, CommentDraft(text=text),
        by=Principal.of_user(by), now=NOW,
    )  # fmt: skip


def test_whoever_is_named_only_later_is_told_only_then_and_nobody_twice(session: Session):
    ann, bo = given_user(session, "Ann"), given_user(session, "Bo", "viewer")
    row = _said(session, ann, "@Ann why?")
    for text in ("@Ann @Bo why?", "@Bo why, @Ann?"):
        comments.change(
            session, row.id, CommentDraft(text=text), by=Principal.of_user(ann), now=NOW
        )
    session.flush()
    told = session.exec(select(Event).order_by(Event.id)).all()

    assert [(one.kind, one.facts["mentions"]) for one in told] == [
        ("comment.made", [ann.id]),
        ("comment.named", [bo.id]),
    ]


def test_one_changes_and_takes_back_ones_own_and_an_admin_takes_back_any(session: Session):
    eve, bo = given_user(session, "Eve", "editor"), given_user(session, "Bo", "editor")
    ann = Principal.of_user(given_user(session, "Ann", "admin"))
    row = _said(session, eve)
    for other in (Principal.of_user(bo), ann):
        with pytest.raises(Forbidden, match="theirs to change"):
            comments.change(session, row.id, CommentDraft(text="x"), by=other, now=NOW)
    with pytest.raises(Forbidden):
        comments.remove(session, row.id, by=Principal.of_user(bo))
    comments.remove(session, row.id, by=ann)
    session.flush()

    with pytest.raises(NotFound, match="no such comment"):
        comments.remove(session, row.id, by=ann)


def test_a_flood_is_slowed_down_and_others_go_on(session: Session):
    eve, bo = given_user(session, "Eve", "editor"), given_user(session, "Bo", "editor")
    for _ in range(30):
        _said(session, eve)
    with pytest.raises(TooMany, match="ten minutes"):
        _said(session, eve)

    assert _said(session, bo).text == "Why?"


@pytest.mark.parametrize(("text", "fits"), [("", False), (" \n", False), ("x" * 4000, True),
                                            ("x" * 4001, False), ("a\x00b", False)])  # fmt: skip
def test_a_comment_has_a_length(text: str, fits: bool):
    if fits:
        assert CommentDraft(text=text).text == text
    else:
        with pytest.raises((ValidationError, Conflict)):
            CommentDraft(text=text)


def test_of_somebody_who_left_the_words_stay_and_nothing_that_was_theirs_alone(session: Session):
    given_user(session, "Ann", "admin")
    eve = given_user(session, "Eve", "editor")
    row = _said(session, eve)
    watching.put(session, row.subject, eve.id, is_on=True, now=NOW)
    users.remove(session, eve, now=NOW)
    session.flush()

    assert watching.watchers(session, row.subject) == []
    assert (session.get_one(Comment, row.id).by, row.text) == ("Eve", "Why?")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@nobody why?", ["nobody"]),
        ("@Ann why?", ["Ann"]),  # two are called so
        ("@Bo and @Bob, (@O’Neil)", ["Bob", "O’Neil"]),
        ("bo@x.example, @ Bo, @@Bo", []),
        ("@Ann Bell", []),
    ],
)
def test_a_name_that_tells_nobody_is_known(text: str, names: list[str]):
    assert named_nobody(text, PEOPLE) == names
