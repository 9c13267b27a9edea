"""JSON for machines: one file per noun under `/api/v1`, and nothing decided here.

In: bearer tokens and JSON. Out: the contract's objects, or `application/problem+json`.
Refuses to know: SQL, statistics, mail; it calls the rooms that do.
"""
