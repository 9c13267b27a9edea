"""What keeps the service standing: the processes of `serve`, `doctor`, `/ready` and `/metrics`.

In: settings. Out: processes that start, are watched and end together; a list of what is wrong.
Refuses to know: what an experiment is.
"""
