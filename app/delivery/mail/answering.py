"""Where a mail is answered to: an address of ours, signed for its send, where answers come back."""

from dataclasses import replace

from app.delivery.mail import mime
from app.delivery.mail.letterhead import Letterhead
from app.delivery.mail.mime import Mail
from app.links import return_address
from app.links.keyring import Keyring, Kind


def answerable(mail: Mail, head: Letterhead, keyring: Keyring) -> Mail:
    """The same mail, answered to the address of its send instead of its author's."""
    if not head.replies_to or not mail.send_id:
        return mail
    token = return_address.sign(mail.send_id, Kind.REPLY, keyring)
    signed = return_address.with_token(head.replies_to, token)
    line = _line(mime.mailbox(head.from_name, signed, what="The sender's name"))
    raw, kind = mail.raw, type(mail.raw)
    if head.reply_to is None:
        return replace(mail, raw=kind(line + raw))
    plain = _line(mime.mailbox("", head.reply_to, what="The reply address"))
    return replace(mail, raw=kind(raw.replace(b"\r\n" + plain, b"\r\n" + line, 1)))


def _line(value: str) -> bytes:
    return f"Reply-To: {value}\r\n".encode("ascii")
