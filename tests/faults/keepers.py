"""What those do in a town who keep its lists: import, note who refuses, erase, let somebody go."""

from functools import partial

import httpx
from sqlmodel import select

from app.audience import erasure_rows
from app.audience.models import Import
from tests.faults.happenings import operation
from tests.faults.town import Gone, Town, address_of
from tests.serve import wait_until


@operation()
def remove_a_user(town: Town, api: httpx.Client) -> None:
    """Somebody who logs in leaves; what is counted stays."""
    for user in town.every(api, "/users"):
        if user["email"].startswith("cem@") and town.rng.random() < 0.5:
            wait_until(partial(town.ask, api, "DELETE", f"/users/{user['id']}"), what="an answer")
            town.removed.add(user["email"])


@operation()
def import_again(town: Town, api: httpx.Client) -> None:
    """The same file once more."""
    upload(town, api)


@operation(weight=2)
def import_what_changed(town: Town, api: httpx.Client) -> None:
    """Other cells, some new people, and somebody who does not want to be tracked any more."""
    for _ in range(town.rng.randrange(1, 6)):
        town.cells[town.any_address()]["euros"] = str(town.rng.randrange(100, 999))
    if len(town.cells) < 3 * town.people:
        for number in range(len(town.cells), len(town.cells) + town.rng.randrange(5)):
            town.cells[address_of(number)] = {
                "name": f"Baker {number:04}", "euros": "70", "consent_click": "",
            }  # fmt: skip
    somebody = town.any_address()
    town.cells[somebody]["consent_click"] = town.rng.choice(["no", "no", "yes"])
    if town.cells[somebody]["consent_click"] == "yes":
        town.refused_at.pop(somebody, None)
    else:
        town.ever_refused.add(somebody)
    upload(town, api)


@operation()
def withdraw_consent(town: Town, api: httpx.Client) -> None:
    """Somebody who was mailed refuses: from when the file is read, nothing further of theirs."""
    mailed = sorted({to for to, _ in town.mailbox.taken} - town.gone.keys())
    if mailed:
        address = town.rng.choice(mailed)
        town.cells[address]["consent_click"] = "no"
        town.ever_refused.add(address)
        upload(town, api)
        all_imported(town)
        town.refused_at.setdefault(address, town.now)


@operation(weight=3)
def erase(town: Town, api: httpx.Client) -> None:
    """Somebody asks to be forgotten: mostly one who was mailed."""
    mailed = {to for to, _ in town.mailbox.taken} & town.cells.keys()
    known = sorted((mailed if town.rng.random() < 0.8 else town.cells.keys()) - town.gone.keys())
    if not known or len(town.gone) > town.people // 4:
        return
    address = town.rng.choice(known)
    person_id = town.person_id(address)
    if person_id is None:  # their file is not read yet
        return
    town.gone[address] = Gone(person_id, {})  # before the answer: it may be lost
    erased = wait_until(lambda: town.ask(api, "DELETE", f"/people/{person_id}"))
    assert erased.status_code in {200, 404}, erased.text
    town.whose |= {
        key: person_id
        for key, body in town.told.items()
        if body["email"] == address and key not in town.unkept | town.whose.keys()
    }
    for key in [one for one in town.said if one[1] == address]:
        del town.said[key]
    town.gone[address].numbers.update(town.numbers_of(person_id))
    town.nobody_further("erased", to=address)


@operation(weight=2)
def readmit(town: Town, api: httpx.Client) -> None:
    """Somebody who was erased comes again: the next file takes them in as somebody new.

    Somebody stays away for good.
    """
    if len(town.gone) < 2:
        return
    address = town.rng.choice(sorted(town.gone))
    sent = {"email": address}
    answer = wait_until(lambda: town.ask(api, "POST", "/people/readmit", json=sent))
    assert answer.status_code in {204, 404}, answer.text  # 404: the first answer was lost
    town.back.append((address, town.gone.pop(address)))
    town.silences = [one for one in town.silences if one.to != address]  # of who they were
    upload(town, api)
    all_imported(town)
    person_id = town.person_id(address)
    assert person_id is not None, "a file named them, and took them in"
    assert person_id not in {gone.person_id for _, gone in town.back}


def is_erasing(town: Town) -> bool:
    """Whether anybody is still being forgotten."""
    with town.database.read() as session:
        return bool(erasure_rows.waiting(session))


@operation()
def suppress_and_lift(town: Town, api: httpx.Client) -> None:
    """Somebody is to get nothing; another is let off again."""
    address = town.any_address()
    added = town.ask(api, "POST", "/suppressions", json={"email": address, "reason": "asked"})
    if added is not None and added.is_success and address not in town.gone:
        town.nobody_further("suppressed", to=address)
    listed = [one for one in town.every(api, "/suppressions") if one["reason"] == "asked"]
    if len(listed) > 1:
        lifted = town.rng.choice(listed)
        town.silences = [
            one for one in town.silences if (one.why, one.to) != ("suppressed", lifted["email"])
        ]
        town.ask(api, "DELETE", f"/suppressions/{lifted['id']}")


def all_imported(town: Town) -> None:
    """No file is being read any more."""

    def is_done() -> bool:
        with town.database.read() as session:
            running = select(Import.id).where(Import.status == "running")
            return session.scalars(running).first() is None

    wait_until(is_done, what="imports")


def upload(town: Town, api: httpx.Client) -> None:
    """The file of everybody as it is now; one after the other."""
    all_imported(town)
    lines = ["email,name,euros,consent_click"]
    lines += [",".join([address, *cells.values()]) for address, cells in town.cells.items()]
    path, headers = f"/audiences/{town.audience}/imports", {"Content-Type": "text/csv"}
    content = "\n".join([*lines, ""]).encode()
    wait_until(lambda: town.ask(api, "POST", path, content=content, headers=headers))
