"""DEFINE: what is asked of whom, when we may say yes, and who is in it.

In: features, slices and experiments as people write them; an audience's people.
Out: a locked design, one enrolment a person, a plan (pass count, power, day of the answer).
Refuses to know: Liquid and mail (it asks `ports.Renderable` and `ports.Lint`), hits, results.
"""
