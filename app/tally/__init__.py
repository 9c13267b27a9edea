"""The outcome of every released person, and the counters a readout adds up.

In: released people, and what became of them, from delivery and tracking. Out: outcome rows and
counters that always agree, because they move in one transaction by before/after difference.
Refuses to know: mails, requests, verdict rules, statistics.
"""
