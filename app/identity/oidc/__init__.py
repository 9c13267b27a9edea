"""Log in with the organisation's own identity provider, by OpenID Connect.

In: what the provider says of somebody, checked. Out: who they are here, with a role, or a refusal.
Refuses to know: how a session is kept, what a page looks like.
"""
