"""The one table of who may ask for what. First match wins; what is not here is refused.

It is read with the address that was asked for, before anything else is known of a request, and
once more with the template of the route that answers: both must say the same.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from app.identity.roles import Role


class Access(StrEnum):
    """What a route needs of whoever asks."""

    PUBLIC = "public"  # anybody; no session is looked at, so nothing of a session can be abused
    OPEN = "open"  # anybody, but a request from a browser must come from our own pages
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    METERS = "meters"  # the operator's token of its own, or any token of the API

    @property
    def role(self) -> Role | None:
        """The least role, or None where nobody need be logged in."""
        nobody = {Access.PUBLIC, Access.OPEN, Access.METERS}
        return None if self in nobody else Role(self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """Methods and a path: `*` is one part of it, `**` all that follows."""

    methods: frozenset[str]
    told: str  # the path as it stands in the table: it holds nobody's token, so it may be logged
    path: re.Pattern[str]
    access: Access


_READ = "GET HEAD"
_CHANGE = "POST PUT PATCH DELETE"
_ANY = f"{_READ} {_CHANGE}"


def pattern_of(path: str) -> re.Pattern[str]:
    """What a path of such a table stands for."""
    written = re.escape(path).replace(r"/\*\*", "(/.*)?").replace(r"\*", "[^/]+")
    return re.compile(written, re.DOTALL)


def _rule(methods: str, path: str, access: Access) -> Rule:
    return Rule(frozenset(methods.split()), path, pattern_of(path), access)


RULES: tuple[Rule, ...] = (
    # What customers, mail programs and balancers ask for.
    _rule(_ANY, "/u/*", Access.PUBLIC),
    _rule(f"{_READ} POST", "/p/*", Access.PUBLIC),
    _rule(f"{_READ} POST", "/k/*", Access.PUBLIC),
    _rule(_ANY, "/a/*", Access.PUBLIC),
    _rule(f"{_READ} POST", "/s/*", Access.PUBLIC),
    _rule(_READ, "/w/*", Access.PUBLIC),
    _rule(_READ, "/i/*", Access.PUBLIC),  # images in mails
    _rule(_READ, "/d/*", Access.PUBLIC),  # charts in mails, signed
    _rule(_READ, "/r/*", Access.PUBLIC),
    _rule(_READ, "/health", Access.PUBLIC),
    _rule(_READ, "/ready", Access.PUBLIC),
    _rule(_READ, "/metrics", Access.METERS),
    _rule(_READ, "/openapi.json", Access.PUBLIC),
    _rule(_READ, "/docs", Access.PUBLIC),
    _rule(_READ, "/robots.txt", Access.PUBLIC),
    _rule(_READ, "/llms.txt", Access.PUBLIC),
    _rule(_READ, "/SKILL.md", Access.PUBLIC),
    _rule("POST", "/hooks/*", Access.PUBLIC),  # by mail providers; each proves itself
    _rule("POST", "/mcp", Access.VIEWER),  # what a token may there, each tool says
    # Agents that somebody lets in (OAuth): what programs read and send has no session.
    _rule(_READ, "/.well-known/oauth-authorization-server", Access.PUBLIC),
    _rule(_READ, "/.well-known/oauth-protected-resource/**", Access.PUBLIC),
    _rule("POST", "/oauth/token", Access.PUBLIC),
    _rule("POST", "/oauth/register", Access.PUBLIC),
    _rule("POST", "/oauth/revoke", Access.PUBLIC),
    _rule(f"{_READ} POST", "/oauth/authorize", Access.VIEWER),  # the page where a person answers
    # The door.
    _rule(f"{_READ} POST", "/login", Access.OPEN),
    _rule(_READ, "/login/oidc", Access.OPEN),
    _rule(_READ, "/login/oidc/callback", Access.OPEN),
    _rule("POST", "/login/oidc/back-channel", Access.PUBLIC),  # by the provider; it is signed
    _rule(f"{_READ} POST", "/setup", Access.OPEN),
    _rule(f"{_READ} POST", "/login/code", Access.OPEN),  # by a cookie: the password was right
    _rule(f"{_READ} POST", "/join/*", Access.OPEN),  # by the link of an invitation
    _rule("POST", "/logout", Access.VIEWER),
    _rule(f"{_READ} POST", "/account/**", Access.VIEWER),
    # Who may come in, and with what: admins.
    _rule(_ANY, "/people/**", Access.ADMIN),
    _rule(_ANY, "/tokens/**", Access.ADMIN),
    _rule(_ANY, "/connections/**", Access.ADMIN),
    _rule(_ANY, "/data-folders/**", Access.ADMIN),
    _rule(_ANY, "/address-ranges/**", Access.ADMIN),
    _rule(_READ, "/audit/**", Access.ADMIN),
    _rule(_CHANGE, "/audiences/*/query/**", Access.ADMIN),  # its rows are people
    _rule(f"{_READ} POST", "/password", Access.VIEWER),
    # Addresses of customers are looked at by those who mail them.
    _rule(_READ, "/customers/**", Access.EDITOR),
    _rule("POST", "/customers/find", Access.EDITOR),
    _rule(_ANY, "/audiences/*/people/**", Access.EDITOR),
    _rule(_CHANGE, "/customers/**", Access.ADMIN),
    _rule(_ANY, "/suppressions/**", Access.EDITOR),
    _rule(_ANY, "/outbox/**", Access.EDITOR),
    _rule(_READ, "/imports/*/refused", Access.EDITOR),
    _rule(_READ, "/imports/*/refused.csv", Access.EDITOR),
    _rule(_READ, "/imports/*/notes", Access.EDITOR),
    _rule(_READ, "/conversions", Access.EDITOR),
    _rule("POST", "/conversions/find", Access.EDITOR),
    _rule(_ANY, "/experiments/*/share/**", Access.EDITOR),
    _rule(_READ, "/experiments/new", Access.EDITOR),  # a form, and nothing else
    _rule(_READ, "/experiments/*/template", Access.EDITOR),
    _rule(_READ, "/features/new", Access.EDITOR),
    # What concerns oneself alone: what one was told, and what one watches.
    _rule(f"{_READ} POST", "/notices/**", Access.VIEWER),
    *(
        _rule(methods, f"{home}/{noun}/*/watch", Access.VIEWER)
        for noun in ("experiments", "features", "key-results")
        for methods, home in (("POST", ""), ("PUT DELETE", "/api/v1"))
    ),
    _rule(_ANY, "/api/v1/notices/**", Access.VIEWER),
    _rule("POST", "/key-results/*/check-ins/*/seen", Access.VIEWER),
    _rule("PUT DELETE", "/api/v1/key-results/*/check-ins/*/seen", Access.VIEWER),
    # Everything else of the pages: look as viewer, change as editor.
    _rule(_READ, "/", Access.VIEWER),
    _rule(f"{_READ} POST", "/search", Access.VIEWER),  # people in it for editors alone
    _rule(_ANY, "/start/**", Access.EDITOR),
    *(
        _rule(methods, f"/{noun}/**", access)
        for noun in (
            "outcomes",
            "cycles",
            "objectives",
            "teams",
            "key-results",
            "features",
            "slices",
            "audiences",
            "imports",
            "experiments",
            "images",
            "learnings",
            "time",
            "weeks",
            "put-off",
            "help",
            "removals",
        )
        for methods, access in ((_READ, Access.VIEWER), (_CHANGE, Access.EDITOR))
    ),
    # The API, the same way.
    _rule(_ANY, "/api/v1/connectors/**", Access.ADMIN),
    _rule(_ANY, "/api/v1/webhooks/**", Access.ADMIN),
    _rule(_ANY, "/api/v1/data-folders/**", Access.ADMIN),
    _rule(_ANY, "/api/v1/address-ranges/**", Access.ADMIN),
    _rule(_READ, "/api/v1/audit/**", Access.ADMIN),
    _rule(_ANY, "/api/v1/audiences/*/query/**", Access.ADMIN),
    _rule(_READ, "/api/v1/pushes", Access.EDITOR),
    _rule(_ANY, "/api/v1/users/**", Access.ADMIN),
    _rule(_ANY, "/api/v1/tokens/**", Access.ADMIN),
    _rule(_ANY, "/api/v1/invitations/**", Access.ADMIN),
    _rule(_CHANGE, "/api/v1/digest", Access.ADMIN),
    _rule(_ANY, "/api/v1/suppressions/**", Access.EDITOR),
    _rule(_ANY, "/api/v1/conversions", Access.EDITOR),
    _rule("DELETE", "/api/v1/people/*", Access.ADMIN),
    _rule("POST", "/api/v1/people/readmit", Access.ADMIN),
    _rule(_ANY, "/api/v1/people/**", Access.EDITOR),
    _rule(_ANY, "/api/v1/audiences/*/people/**", Access.EDITOR),
    _rule(_READ, "/api/v1/imports/*/refused", Access.EDITOR),
    _rule(_READ, "/api/v1/imports/*/refused.csv", Access.EDITOR),
    _rule(_READ, "/api/v1/imports/*/refused/*", Access.EDITOR),
    _rule(_READ, "/api/v1/imports/*/notes", Access.EDITOR),
    _rule(_READ, "/api/v1/experiments/*/sends", Access.EDITOR),
    _rule(_READ, "/api/v1/experiments/*/export", Access.EDITOR),
    _rule(_READ, "/api/v1/experiments/*/share-links", Access.EDITOR),
    _rule(_READ, "/api/v1/allocation/respondents", Access.EDITOR),
    _rule(_READ, "/api/v1/**", Access.VIEWER),
    _rule(_CHANGE, "/api/v1/**", Access.EDITOR),
)


# What leaves as a file: who took it stands in the audit, though nothing is changed.
EXPORTS: tuple[re.Pattern[str], ...] = tuple(
    pattern_of(path)
    for path in (
        "/account/export",
        "/customers/*/export",
        "/suppressions/file",
        "/api/v1/suppressions/file",
        "/imports/*/refused",
        "/imports/*/refused.csv",
        "/imports/*/notes",
        "/cycles/*/template",
        "/experiments/*/readout/file",
        "/weeks/*/file",
        "/experiments/charts/*",
        "/experiments/*/edit/*/charts/*",
        "/experiments/*/readout/charts/*",
        "/weeks/*/charts/*",
        "/key-results/*/charts/*",
        "/slices/*/charts/*",
        "/time/charts/*",
        "/learnings/charts/*",
        "/api/v1/people/*/export",
        "/api/v1/imports/*/refused",
        "/api/v1/imports/*/refused.csv",
        "/api/v1/imports/*/notes",
        "/api/v1/experiments/*/export",
        "/api/v1/cycles/*/template",
    )
)


def is_export(path: str) -> bool:
    """Whether what this route (by its template) answers leaves as a file."""
    return any(export.fullmatch(path) for export in EXPORTS)


def rule_of(method: str, path: str) -> Rule | None:
    """The rule of an address: `/features/1f0c…`, or its template `/features/{id}`, all the same."""
    return next(
        (rule for rule in RULES if method in rule.methods and rule.path.fullmatch(path)), None
    )


@lru_cache(maxsize=1024)
def access_of(method: str, path: str) -> Access | None:
    """What a route (by its template) needs; None: it is refused to all."""
    rule = rule_of(method, path)
    return rule.access if rule else None
