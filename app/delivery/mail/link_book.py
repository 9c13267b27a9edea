"""Numbers the links of a body in their order, and puts marks where their addresses were."""

import re

from app.delivery.mail import marks
from app.delivery.mail.broken import BadBody
from app.delivery.mail.links import BadLink, Link, is_tracked, link_to, untracked

UPLOADED = "image:"  # an image of ours: what follows names it
_NAMED = re.compile(rf"{UPLOADED}(?P<name>[A-Za-z0-9_-]{{1,64}})")


class LinkBook:
    """What a body links to and shows, and what is wrong with that."""

    def __init__(self, liquid: marks.Protected) -> None:
        self.liquid = liquid
        self.links: list[Link] = []
        self.bad: list[BadBody] = []
        self.said: list[tuple[str, str]] = []  # what each link says, and the address behind it
        self.images = 0
        self.wordless = 0  # images that say nothing to whoever does not see them
        self.uploads: list[str] = []  # names of images of ours

    def address(self, href: str, *, text: str, title: str = "") -> str:
        """What stands in the place of a link's address."""
        plain = self.liquid.restore(href)
        self.said.append((self.liquid.restore(text), plain))
        if is_way_out(plain):
            return marks.UNSUBSCRIBE
        if is_tracked(href):
            return self._slot(href, self.liquid.restore(title or text))
        return untracked(href, liquid=self.liquid)

    def image(self, source: str, *, says: str) -> str:
        """What stands in the place of an image's address; `says` is what it says in words."""
        self.images += 1
        self.wordless += not says.strip()
        return self.picture(source, says=says)

    def picture(self, source: str, *, says: str) -> str:
        """The same of one that nobody need be told of, as behind a section."""
        if ours := _NAMED.fullmatch(source):
            self.uploads.append(ours["name"])
            return f"{marks.UPLOAD}{ours['name']}"
        if not source.lower().startswith("https://") or marks.LIQUID.search(source):
            self.bad.append(
                BadLink(
                    "image_address",
                    f"The image “{says}” needs an address that begins with https://"
                    " and is the same for everybody.",
                )
            )
        return source

    def _slot(self, href: str, label: str) -> str:
        position = 1 + len(self.links)
        try:
            link = link_to(href, position=position, label=label, liquid=self.liquid)
        except BadLink as error:
            self.bad.append(error)
            return ""
        self.links.append(link)
        return marks.link(position, link.fills)


def is_way_out(href: str) -> bool:
    """Whether an address is that of the way out: `{{ unsubscribe_url }}`."""
    return href.replace(" ", "").strip("{}-") == marks.WAY_OUT
