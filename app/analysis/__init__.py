"""What the counters say, as a readout: counts, estimates, and one call in a sentence.

In: an experiment and a moment. Out: a readout, its frozen snapshots, and rows for an export.
It may read the tables of every room below (`counts`), and writes its snapshots only.
Refuses to know: pages, requests, verdict rules, and what anybody should decide.
"""
