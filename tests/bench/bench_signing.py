"""What a signature costs: CPU a mail, by kind of key. `python -m tests.bench.bench_signing`."""

import time

from app.delivery.transports import dkim
from tests.delivery import signed

_MAILS = 500
_HEAD = (
    b"From: A <insights@halvern.example>\r\nTo: ann@example.org\r\nSubject: A question\r\n"
    b"Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nMessage-ID: <1@halvern.example>\r\n\r\n"
)
RAW = _HEAD + (b"word and " * 8 + b"=\r\n") * 95  # about what one of our mails weighs


def main() -> None:
    for kind in signed.KINDS:
        by = signed.signer(kind)
        begun = time.process_time()
        for _ in range(_MAILS):
            by.signature(RAW)
        whole = time.process_time()
        for _ in range(_MAILS):
            dkim.signed_by(by.key, RAW[:500])
        key = time.process_time() - whole
        each = [round(1e6 * seconds / _MAILS) for seconds in (whole - begun, key)]
        print(f"{kind}: {each[0]} µs CPU a mail of {len(RAW)} bytes, {each[1]} of them the key's")


if __name__ == "__main__":
    main()
