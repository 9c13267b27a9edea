import pytest

from tests.journeys.conftest import mailbox, mailbox_and_setting, service
from tests.serve import Installation

pytest.register_assert_rewrite(
    "tests.faults.reckoning", "tests.faults.pages", "tests.faults.balance"
)  # they say why

__all__ = ["mailbox", "mailbox_and_setting", "service"]

Installation.forks = False  # what is killed here is what an operator started

# What runs beside every change. Everything here takes minutes: `poe faults-long` runs all of it,
# and `poe random` the random operations, for an hour with --full.
BESIDE_EVERY_CHANGE = (
    "test_links_work_pages_say_so_and_every_click_is_counted_later",
    "test_no_answered_click_is_lost_or_counted_twice[postgresql]",
    "test_nobody_gets_two_and_everybody_certain_gets_theirs[sqlite]",
    "test_one_address_that_is_refused_for_good_costs_nobody_else_theirs[postgresql]",
    "test_a_connection_lost_after_the_mail_was_given_is_uncertain_and_not_sent_again[sqlite]",
    "test_only_what_is_poisoned_waits_and_each_says_why[sqlite]",
    "test_both_send_and_both_count_and_nobody_is_mailed_twice",
    "test_every_answer_is_as_the_document_says[sqlite-editor]",
    "test_every_answer_is_as_the_document_says[postgresql-admin]",
    "test_an_editor_works_on_while_customers_click[sqlite]",
    "test_every_line_of_a_large_file_is_accounted_for[sqlite]",
    "test_one_conversion_told_a_thousand_times_is_one_row[postgresql]",
    "test_no_mail_after_the_answer_but_those_in_flight[sqlite]",
    "test_whatever_a_killed_one_left_the_same_command_does_it[sqlite]",
    "test_a_disk_that_fills_up_leaves_no_file[sqlite]",
    "test_totals_are_equal_and_nothing_is_sent_again[sqlite]",
    "test_whatever_the_zone_there_is_one_run_a_week",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "faults" and item.name not in BESIDE_EVERY_CHANGE:
            item.add_marker(pytest.mark.long)
