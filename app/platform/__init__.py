"""What any web service needs, and nothing that knows what an experiment is.

In: environment, files, clock. Out: settings, a database, a journal, keys, errors, events.
Refuses to know: every room above it.
"""
