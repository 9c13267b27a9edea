"""TELL. Turns recorded events into pushes to other systems and into mails to colleagues.

In: rows of `platform.events`. Out: webhooks, connector calls, digests.
Refuses to know: how a number was made; it carries what the rooms below recorded.
"""
