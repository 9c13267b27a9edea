"""What the help pages tell, and what leads to them."""

import re
from html import unescape
from pathlib import Path

from app.platform import paths
from app.stats.catalogue import methods
from tests.web.conftest import Browser

_LINK = re.compile(r"/help/statistics#([\w-]+)")


def test_the_page_on_numbers_tells_of_every_method_that_calculates(bo: Browser):
    page = bo.get("/help/statistics").text
    told = re.findall(r'<details id="([\w-]+)">\s*<summary><strong>(.*?)</strong>', page, re.DOTALL)

    assert sorted((key, unescape(name)) for key, name in told) == sorted(
        (one.key, one.name) for one in methods()
    )


def test_every_link_to_a_method_finds_it():
    linked = {
        key
        for path in Path(paths.TEMPLATES).rglob("*.html")
        for key in _LINK.findall(path.read_text(encoding="utf-8"))
    }

    assert linked
    assert linked <= {one.key for one in methods()}
