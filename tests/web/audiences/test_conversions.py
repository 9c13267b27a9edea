"""What other systems told, as somebody looks for what does not show."""

import re
from datetime import UTC, datetime

import pytest

from app.audience.people_lookup import KnownPeople
from app.delivery.facts import DeliveryEnrolments
from app.platform.db import Database
from app.tracking import conversions
from app.tracking.schemas import ConversionDraft
from tests.cast import MARKS
from tests.web.conftest import Browser

DAY = datetime(2026, 11, 20, 8, tzinfo=UTC)


def tell(database: Database, count: int) -> None:
    drafts = [
        ConversionDraft(id=f"order-{n:03}", event="planned", email="x@b.example", occurred_at=DAY)
        for n in range(count)
    ]
    with database.write() as session:
        conversions.record(
            session, drafts, people=KnownPeople(MARKS), enrolments=DeliveryEnrolments(), now=DAY
        )


def test_before_any_it_says_how_they_come(ann: Browser):
    assert "POST /api/v1/conversions" in ann.get("/conversions").text


@pytest.mark.parametrize("address", ["/conversions", "/conversions?unmatched=1"])
def test_one_of_nobody_we_know_says_why_it_does_not_count(
    ann: Browser, database: Database, address: str
):
    tell(database, 1)
    page = ann.get(address).text

    assert "order-000" in page
    assert "in no audience yet" in page


def test_more_than_a_page_lead_on(ann: Browser, database: Database):
    tell(database, 101)
    first = ann.get("/conversions").text
    earlier = re.search(r'href="([^"]+)">Next page', first)
    assert earlier
    second = ann.get(earlier[1].replace("&amp;", "&")).text

    assert "Next page" in first
    assert "order-000" not in first
    assert "order-000" in second


def test_addresses_are_not_for_viewers(bo: Browser):
    assert bo.get("/conversions").status_code == 403
