from tests.journeys.conftest import mailbox, mailbox_and_setting, service

__all__ = ["mailbox", "mailbox_and_setting", "service"]
