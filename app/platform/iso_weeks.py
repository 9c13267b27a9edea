"""Weeks as the calendar counts them: `2026-W47`, from Monday to Sunday. Pure."""

from datetime import date

from app.platform import days
from app.platform.errors import Invalid


def week_of(day: date) -> str:
    """The ISO week of a day: `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def monday_of(week: str) -> date:
    """The first day of a week. Raises Invalid for what is not a week."""
    try:
        monday = days.within(date.fromisocalendar(int(week[:4]), int(week[6:]), 1))
    except ValueError:
        monday = None
    if monday is None or week_of(monday) != week:
        raise Invalid.at("week", f"“{week}” is not a week: write it like 2026-W47.")
    return monday
