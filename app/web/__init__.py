"""Web: pages for people in wings, a file per noun; what all share in the kit; our CSS and scripts.

In: requests of a browser, with the session that identity.guard has checked.
Out: HTML rendered from a page dataclass, or a redirect after a change.
Refuses to know: SQL, statistics, Liquid, SMTP. A number on a page is a number that a room gave.
"""
