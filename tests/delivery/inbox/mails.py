"""Mails that come back, written as servers write them. Nothing here is copied from a real one."""

BOUNCES = "bounces@mail.halvern.example"

_REPORT = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.bakery.example>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

The mail could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.bakery.example

Final-Recipient: rfc822; {person}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b1
Content-Type: text/rfc822-headers

From: insights@halvern.example
Subject: 412 EUR

--b1--
"""

_COMPLAINT = """\
From: feedback@mailbox.example
To: {to}
Subject: FW: 412 EUR
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is a report about a mail from 192.0.2.1.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Feedback/1.0
Version: 1
{original}
--b1
Content-Type: message/rfc822

Return-Path: <{returned}>
From: insights@halvern.example
Subject: 412 EUR

Hello

--b1--
"""


def report(
    to: str,
    *,
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 no such user",
    action: str = "failed",
    person: str = "p0@bakery.example",
) -> bytes:
    """A report of delivery (RFC 3464)."""
    text = _REPORT.format(to=to, status=status, diagnostic=diagnostic, action=action, person=person)
    return text.encode()


def complaint(
    to: str = "abuse@halvern.example",
    *,
    returned: str = "",
    original: str = "",
    kind: str = "abuse",
) -> bytes:
    """A complaint (ARF, RFC 5965)."""
    line = f"Original-Mail-From: <{original}>\n" if original else ""
    return _COMPLAINT.format(to=to, returned=returned, original=line, kind=kind).encode()


def letter(to: str, text: str = "Thank you!", **headers: str) -> bytes:
    """A plain mail, with more headers: `auto_submitted="auto-replied"`."""
    more = "".join(
        f"{name.replace('_', '-').title()}: {value}\n" for name, value in headers.items()
    )
    head = f"From: p0@bakery.example\nTo: {to}\nSubject: Re: 412 EUR\n{more}"
    return f"{head}\n{text}\n".encode()
