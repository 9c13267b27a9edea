import pytest

from tests.journeys.conftest import mailbox, mailbox_and_setting, service

__all__ = ["mailbox", "mailbox_and_setting", "service"]

# What runs on one database beside every change, and on the other with `poe faults-long`.
LONG = (
    "test_after_an_outage_over_the_end_the_final_call_counts_every_click[sqlite]",
    "test_whatever_happens_every_number_follows_from_the_rows[postgresql]",
    "test_segments_turn_under_a_slow_send_and_nobody_gets_two[postgresql]",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name in LONG:
            item.add_marker(pytest.mark.long)
