"""Numbers in, frozen results out: every method with its assumptions, its errors and its source.

In: counts of people. Out: intervals, critical values, calls, power. What cannot be computed raises
`NotEnoughData` or `ValueError` with a sentence; nothing returns NaN or an invented zero.
Refuses to know: frameworks, databases, logs, randomness, and where its numbers come from.
"""
