"""What we try to move: cycles, objectives shared by teams, key results and their dated values.

In: definitions, and values with a date and a source. Out: progress, pace, staleness, change.
Refuses to know: experiments. A result of theirs stands beside a key result, never in its value.
"""
