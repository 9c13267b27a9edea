"""Where the week went: buckets, respondents, answers, summary.

In: one answer a week from a team. Out: non-elective against elective, with both denominators.
Refuses to know: experiments, and who is faster than whom.
"""
