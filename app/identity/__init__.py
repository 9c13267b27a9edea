"""Who is asking: people who log in, other systems with tokens, what each may do, who did what.

In: a cookie or a bearer token. Out: a principal with a role, or a refusal in a sentence.
Refuses to know: what an experiment is.
"""
