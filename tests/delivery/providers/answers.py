"""Every provider's documented answers, and what each means to us: one table for all tests."""

from dataclasses import dataclass, field
from typing import Any

from app.delivery.replies import Meaning

SECRET = "s3cret-of-the-provider"


@dataclass(frozen=True)
class Documented:
    """One provider: its setting, where its mails are posted, and its own answers."""

    mail: str
    url: str
    taken: tuple[int, Any]
    own: tuple[tuple[int, Any, Meaning], ...]
    look: str
    headers: dict[str, str] = field(default_factory=dict)


def _postmark(code: int, message: str = "Said in words") -> dict[str, Any]:
    return {"ErrorCode": code, "Message": message}


PROVIDERS: dict[str, Documented] = {
    "postmark": Documented(
        mail=f"postmark://{SECRET}@/?stream=broadcast",
        url="https://api.postmarkapp.com/email",
        look="https://api.postmarkapp.com/server",
        taken=(
            200,
            {
                "To": "ann@example.org",
                "SubmittedAt": "2026-11-22T09:00:00.1234567-05:00",
                "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
                "ErrorCode": 0,
                "Message": "OK",
            },
        ),
        own=(
            (401, _postmark(10), Meaning.OUR_FAULT),
            (422, _postmark(100), Meaning.LATER_ALL),
            (422, _postmark(300), Meaning.REFUSED),
            (422, _postmark(400), Meaning.OUR_FAULT),
            (422, _postmark(401), Meaning.OUR_FAULT),
            (422, _postmark(405), Meaning.OUR_FAULT),
            (422, _postmark(406), Meaning.REFUSED),
            (422, _postmark(411), Meaning.CONTENT),
            (422, _postmark(412), Meaning.OUR_FAULT),
            (422, _postmark(413), Meaning.OUR_FAULT),
            (422, _postmark(429), Meaning.LIMIT),
            (422, _postmark(1235), Meaning.OUR_FAULT),
            (413, _postmark(0), Meaning.CONTENT),
            (404, "<html>", Meaning.OUR_FAULT),
            (200, "<html>a proxy</html>", Meaning.UNCERTAIN),
        ),
    ),
}
# What every provider may answer, and what it is for each of them.
OF_ALL: tuple[tuple[int, Any, Meaning], ...] = (
    (429, {}, Meaning.LIMIT),
    (503, {}, Meaning.LATER_ALL),
    (500, {}, Meaning.UNCERTAIN),
    (502, "<html>", Meaning.UNCERTAIN),
    (504, "", Meaning.UNCERTAIN),
)
