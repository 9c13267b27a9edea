"""`thinslice dkim`: what must stand in DNS so that others can prove our signature."""

import re

import typer

_STRING = 255  # characters of a string in a TXT record; a longer record is several in a row


def dkim() -> None:
    """Print the name and the TXT record by which others check the signature of our mails."""
    from app.delivery.transports import dkim_key
    from app.ops import command_setup
    from app.platform.config import BadSettings

    signer = dkim_key.signer(command_setup.settings())
    if signer is None:
        raise BadSettings(
            "Mails leave unsigned: make a key (`openssl genrsa -out dkim.pem 2048`, mode 0600) and"
            " set THINSLICE_DKIM_KEY to its path."
        )
    name, text = dkim_key.record_name(signer), dkim_key.record_text(signer)
    strings = " ".join(f'"{one}"' for one in re.findall(f".{{1,{_STRING}}}", text))
    typer.echo(f"Name: {name}\nTXT:  {text}\n\nIn a zone file:\n{name}. IN TXT ( {strings} )")
    if weak := dkim_key.weakness(signer):
        typer.echo(weak, err=True)
