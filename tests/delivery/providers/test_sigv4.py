"""Signatures of requests, against the numbers that AWS published: its Signature V4 test suite.

docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html (aws-sig-v4-test-suite: names,
requests and signatures are its facts); the derived key is of the IAM user guide.
"""

from datetime import UTC, datetime

import pytest

from app.delivery.transports.providers.sigv4 import AwsKey, _signing_key, signed

_AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
_SESSION = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDry"
    "pNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PUBLISHED = {
    "get-vanilla": (
        "GET", {}, b"", "", "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        "POST", {}, b"", "", "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-header-key-sort": (
        "POST", {"My-Header1": "value1"}, b"", "", "host;my-header1;x-amz-date",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "post-header-value-case": (
        "POST", {"My-Header1": "VALUE1"}, b"", "", "host;my-header1;x-amz-date",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    "get-header-value-trim": (
        "GET", {"My-Header1": " value1", "My-Header2": '"a   b   c"'}, b"", "",
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "post-x-www-form-urlencoded": (
        "POST", _FORM, b"Param1=value1", "", "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    "post-sts-header-before": (
        "POST", {}, b"", _SESSION, "host;x-amz-date;x-amz-security-token",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _PUBLISHED)
def test_a_request_is_signed_as_aws_published(name: str):
    method, headers, content, session, names, signature = _PUBLISHED[name]
    sent = signed(
        method,
        "https://example.amazonaws.com/",
        headers,
        content,
        key=AwsKey("AKIDEXAMPLE", _SECRET, session),
        region="us-east-1",
        service="service",
        now=_AT,
    )

    assert sent["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        f" SignedHeaders={names}, Signature={signature}"
    )
    assert sent["X-Amz-Date"] == "20150830T123600Z"
    assert sent.get("X-Amz-Security-Token", "") == session


def test_the_derived_key_is_the_published_one():
    key = _signing_key(AwsKey("", _SECRET), "20150830/us-east-1/iam/aws4_request")

    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
