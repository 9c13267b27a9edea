"""What customers, machines and other systems do in a town."""

import re
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

import httpx

from tests.faults.happenings import operation
from tests.faults.town import EVENT, Town
from tests.serve import BROWSER, click, links_in, wait_until

_BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_PIXEL = re.compile(r"http://\S+/o/[^\"]+\.gif")


@operation(weight=6)
def visit(town: Town, _api: httpx.Client) -> None:
    """Somebody clicks, once or like a flood; or a machine does."""
    mail = _any_mail(town)
    links = links_in(mail) if mail else []
    if not links:
        return
    link = town.rng.choice(links)
    for _ in range(town.rng.choice([1, 1, 1, 2, 30])):
        try:
            answer = click(link, agent=town.rng.choice([BROWSER, BROWSER, _BOT]))
        except httpx.HTTPError:
            town.unsure[link] += 1
            continue
        was_found = answer.status_code == httpx.codes.FOUND
        (town.answered if was_found else town.unsure)[link] += 1


@operation(weight=2)
def open_a_mail(town: Town, _api: httpx.Client) -> None:
    """A program that shows pictures, or a proxy that fetches them by itself."""
    mail = _any_mail(town)
    part = mail.get_body(("html",)) if mail else None
    pixel = _PIXEL.search(part.get_content()) if part else None
    if pixel:
        agent = town.rng.choice([BROWSER, f"{BROWSER} GoogleImageProxy"])
        try:
            httpx.get(pixel[0], headers={"User-Agent": agent}, timeout=30)
        except httpx.HTTPError:
            return  # nothing that counts depends on whether it was answered


@operation(weight=3)
def tell(town: Town, api: httpx.Client) -> None:
    """A conversion, four times at once under one id; now and then an old one again."""
    number = len(town.told) if town.rng.random() < 0.8 else town.rng.randrange(60)
    address = town.any_address()
    _tell(town, api, f"c{number}", address)


@operation()
def tell_of_a_stranger(town: Town, api: httpx.Client) -> None:
    """A conversion of somebody whom nobody has imported."""
    _tell(town, api, f"s{len(town.told)}", f"stranger{len(town.told)}@elsewhere.example")


@operation()
def unsubscribe(town: Town, _api: httpx.Client) -> None:
    """Somebody wants no further mail of ours."""
    mails = town.mailbox.mails()
    if not mails:
        return
    to, mail = town.rng.choice(mails)
    way_out = mail["List-Unsubscribe"].strip("<>")
    try:
        left = httpx.post(way_out, data={"List-Unsubscribe": "One-Click"}, timeout=30)
    except httpx.HTTPError:
        return
    if left.status_code == httpx.codes.OK and to not in town.gone:
        town.nobody_further("unsubscribed", to=to)


@operation(weight=2)
def answer_on_the_page(town: Town, _api: httpx.Client) -> None:
    """Somebody clicks, reads the page behind the link, and says yes, no or why; later otherwise."""
    mails = town.mailbox.mails()
    to, mail = town.rng.choice(mails) if mails else ("", None)
    links = [one for one in links_in(mail)[2:3] if mail] if mail else []
    for link in links:
        try:
            clicked = click(link)
        except httpx.HTTPError:
            town.unsure[link] += 1
            return
        was_found = clicked.status_code == httpx.codes.FOUND
        (town.answered if was_found else town.unsure)[link] += 1
        if was_found:
            _answer(town, to, str(mail["Subject"]) if mail else "", clicked.headers["location"])


def _answer(town: Town, to: str, name: str, page: str) -> None:
    assert "/a/" in page, page
    useful = town.rng.choice(["yes", "no", ""])
    comment = town.rng.choice(["", f"After {len(town.did)} <operations> & “more”."])

    def answered() -> httpx.Response | None:
        try:
            answer = httpx.post(page, data={"useful": useful, "comment": comment}, timeout=30)
        except httpx.TransportError:
            return None
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

    answer = wait_until(answered, seconds=60, what="an answer to an answer")
    if answer.status_code == httpx.codes.SEE_OTHER:
        assert to not in town.gone, "words of somebody who was erased"
        town.said[name, to] = ({"yes": True, "no": False}.get(useful), comment)
    else:
        was_erased = to in {address for address, _ in town.ever_gone()}
        assert was_erased or to in town.ever_refused, answer.text
        assert answer.status_code == httpx.codes.NOT_FOUND, answer.text


def _any_mail(town: Town) -> EmailMessage | None:
    mails = town.mailbox.mails()
    return town.rng.choice(mails)[1] if mails else None


def _tell(town: Town, api: httpx.Client, name: str, address: str) -> None:
    body = town.told.get(name) or {
        "id": name,
        "event": EVENT,
        "email": address,
        "value": float(town.rng.randint(1, 9)),
    }
    if body["email"] in town.gone:
        town.unkept |= {name} - town.told.keys()
    else:
        town.unkept.discard(name)  # whoever came again is told of anew
    town.told[name] = body
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _until_taken(api, body), range(4)))


def _until_taken(api: httpx.Client, body: dict[str, Any]) -> bool:
    """Tell a conversion as a careful system does: again until it is taken."""

    def taken() -> bool:
        try:
            return api.post("/conversions", json=body).status_code in {200, 201}
        except httpx.TransportError:
            return False

    return wait_until(taken, seconds=60, what=f"an answer about {body['id']}")
