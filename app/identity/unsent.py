"""What was typed into a form that is refused: kept with the request, for the page that says why.

Nothing of it is stored: it goes back to the browser that sent it, and to no other site.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request

from app.identity import callers, guard, sent_forms
from app.identity.access import Access, Rule
from app.identity.bodies import MB, Taken
from app.identity.senders import Sender
from app.platform.errors import AppError, CodeWanted, Forbidden, NotLoggedIn, Unavailable

# Fields that are typed anew, always: what is refused may be looked at by somebody else.
SECRETS = frozenset(
    ("password", "old", "new", "code", "token", "secret", "api_key", "client_secret", "url")
)
_WHOLE = "thinslice.unsent"  # in a request's scope: the body of its form
_TOKEN = "csrf"  # noqa: S105 - the name of a field
_BACK = (NotLoggedIn, CodeWanted, Forbidden, Unavailable)  # for what reasons one comes back
_MOST = 2 * MB  # of a form, from somebody who may not even be logged in …
_AT_ONCE = 16  # … and so many at a time, so that strangers fill no memory
_under_way: set[int] = set()


@dataclass(frozen=True, slots=True)
class Unsent:
    """A form that can be sent again: where to, what with, and what must be typed or chosen anew."""

    action: str
    kind: str  # of a form that may carry files; empty: any other
    texts: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def was_typed(self) -> bool:
        """Whether anything stands in it."""
        return bool(self.secrets or self.files) or any(text.strip() for _, text in self.texts)


def leave(request: Request, rule: Rule, whole: bytes) -> None:
    """Keep a body that came, until the request is answered."""
    if whole and _may_come_back(request, rule):
        request.scope[_WHOLE] = whole


async def take(request: Request, rule: Rule | None, sender: Sender, why: AppError) -> None:
    """Read the form of a request that the door refused, so that what was typed is not lost."""
    if rule is None or not isinstance(why, _BACK) or not _may_come_back(request, rule):
        return
    if sender.is_begun or not _is_small(request, sender) or len(_under_way) >= _AT_ONCE:
        return
    _under_way.add(id(request))
    try:
        leave(request, rule, await sender.whole())
    except AppError:
        return  # too slow or too large: what it was refused for is still the answer
    finally:
        _under_way.discard(id(request))


def of(request: Request) -> Unsent | None:
    """What was sent with this request, if it was a form of ours with anything in it."""
    whole: bytes | None = request.scope.get(_WHOLE)
    if whole is None:
        return None
    kind = request.headers.get("content-type", "")
    try:
        form = sent_forms.read(kind, whole)
    except AppError:
        return None  # more fields than any form of ours has
    texts = [(name, text) for name, text in form.texts if name != _TOKEN]
    unsent = Unsent(
        action=_action(request),
        kind=sent_forms.WITH_FILES if kind.startswith(sent_forms.WITH_FILES) else "",
        texts=tuple((name, text) for name, text in texts if name not in SECRETS),
        secrets=tuple(name for name, _ in texts if name in SECRETS),
        files=form.files,
    )
    return unsent if unsent.was_typed else None


def came_from(request: Request) -> str:
    """The page of ours that holds the form, where the browser tells; else home."""
    source = urlsplit(request.headers.get("referer", ""))
    if not source.path.startswith("/") or not guard.is_ours(request):
        return "/"
    return source.path + (f"?{source.query}" if source.query else "")


def _may_come_back(request: Request, rule: Rule) -> bool:
    """Whether this is a form of one of our pages, sent by a person and not by the page itself."""
    return (
        request.method == "POST"
        and rule.access is not Access.OPEN  # to log in is begun again
        and not callers.is_api(request)
        and sent_forms.is_form(request.headers.get("content-type", ""))
        and "x-fragment" not in request.headers
        and guard.is_ours(request)
    )


def _is_small(request: Request, sender: Sender) -> bool:
    announced = request.headers.get("content-length", "")
    most = min(_MOST, sender.body.most)
    is_taken = sender.body.taken is not Taken.IGNORED
    return is_taken and announced.isdecimal() and int(announced) <= most


def _action(request: Request) -> str:
    kept = [
        (name, value)
        for name, value in parse_qsl(request.url.query, keep_blank_values=True)
        if name != _TOKEN
    ]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")
