"""Signs that control instead of saying something, in whatever a mail's header carries.

Every sign of Unicode's kinds Cc, Cf, Cs, Zl and Zp is written everywhere: typed, or from a cell.
"""

import re
import sys
import unicodedata
from collections.abc import Callable
from email.header import decode_header, make_header
from functools import cache

import pytest
from sqlmodel import select

from app.delivery import notices
from app.delivery.mail import compose
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.mime import BadHeader, ascii_address, mailbox
from app.delivery.models import Notice
from app.platform.db import Database
from tests.delivery.mail.test_compose import HEAD, arm, parsed, to
from tests.delivery.mail.test_lint import problems
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS

_KINDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
SIGNS = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in _KINDS]
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BREAKING = {one for one in SIGNS if len(f"a{one}b".splitlines()) > 1} | {"\0"}
UNFIT = TURNING | {one for one in SIGNS if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}}
UNSEEN = set("\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")
NEEDED = set("\u200c\u200d\u200e\u200f\u061c")  # joiners, and marks of a direction


def typed_subject(sign: str) -> str:
    made = compose.compose_arm(ARM | {"subject": f"a{sign}b"}, head=HEAD, set_id=7)
    return str(parsed(made.fill(to({"name": "Ann", "euros": 1}), keyring=KEYS, now=NOW))["Subject"])


def subject_with_a_cell(sign: str) -> str:
    columns = {"name": f"a{sign}b", "euros": 1}
    made = _named().fill(to(columns), keyring=KEYS, now=NOW)
    return str(parsed(made)["Subject"])


@cache
def _named() -> ComposedArm:
    """Put together once for all that may stand in the cell."""
    return arm(subject="{{ name }}")


def sender(sign: str) -> str:
    return mailbox(f"a{sign}b", "ann@halvern.example", what="The sender's name")


def address(sign: str) -> str:
    return ascii_address(f"a{sign}b@halvern.example")


PLACES: dict[str, Callable[[str], str]] = {
    one.__name__: one for one in (typed_subject, subject_with_a_cell, sender, address)
}


def outcome(place: Callable[[str], str], sign: str) -> str:
    try:
        return place(sign)
    except BadHeader as error:
        return f"refused: {error}"


@pytest.mark.parametrize("name", PLACES)
def test_no_sign_that_controls_goes_out(name: str):
    for sign in sorted(UNFIT - {"\t"}):
        said = outcome(PLACES[name], sign)

        assert sign not in said.partition("refused")[0], f"U+{ord(sign):04X}"
        assert said.startswith("refused") or sign in BREAKING, f"U+{ord(sign):04X}: {said}"
        assert sign not in TURNING or f"U+{ord(sign):04X}" in said or name == "address"


@pytest.mark.parametrize("name", ["typed_subject", "subject_with_a_cell"])
def test_what_nobody_sees_is_left_out_and_what_scripts_need_stays(name: str):
    assert {outcome(PLACES[name], sign) for sign in UNSEEN} == {"ab"}
    assert {outcome(PLACES[name], sign) for sign in NEEDED} == {f"a{sign}b" for sign in NEEDED}


def test_a_name_with_what_nobody_sees_is_refused_and_one_that_its_script_needs_is_not():
    assert all(outcome(sender, sign).startswith("refused") for sign in UNSEEN)
    assert not any(outcome(sender, sign).startswith("refused") for sign in NEEDED)


def test_the_checklist_says_which_sign_and_where():
    told = problems(arm={"subject": "Pay \u202e001 now"}, sender={"from_name": "Bo\u2067b"})

    said = told["subject_sign"].message
    assert re.search(r"[Ss]ubject contains a sign that turns .*U\+202E", said)
    assert "U+2067" in told["from_name_invalid"].message


def test_a_mail_to_the_team_quotes_what_others_wrote_without_them(database: Database):
    subject = "Left out of “" + "".join(sorted(UNFIT)) + "x”"
    with database.write() as session:
        notices.queue(
            session, SETTINGS, kind="x", to="ann@halvern.example", subject=subject, text="x",
            html="x", now=NOW,
        )  # fmt: skip
    with database.read() as session:
        (row,) = session.exec(select(Notice)).all()

    shown = make_header(decode_header(row.headers["Subject"]))
    assert "".join(str(shown).split()) == "Leftoutof“x”"
