"""What people make of a readout: decisions, learnings, and the week.

In: a readout and somebody's decision. Out: a decision that is kept with its snapshot, a library of
what was learned, and the facts of this week.
Refuses to know: how a call comes about, and how anybody is told.
"""
