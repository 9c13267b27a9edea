"""A page is a dataclass, a template uses nothing else, and no page needs inline code."""

import re
from collections.abc import Iterator

import pytest
from jinja2 import meta, nodes

from app.platform import paths
from app.web import site
from app.web.kit import pages

CSS = paths.STATIC / "css"
TEMPLATES = sorted(
    str(path.relative_to(paths.TEMPLATES))
    for path in paths.TEMPLATES.rglob("*.html")
    if path.relative_to(paths.TEMPLATES).parts[0] not in {"mail", "docs"}
)
ENV = pages.environment("UTC")


def every(page: type[pages.Page] = pages.Page) -> Iterator[type[pages.Page]]:
    for kind in page.__subclasses__():
        if hasattr(kind, "template"):  # else it is what several have in common
            yield kind
        yield from every(kind)


PAGES = sorted(every(), key=lambda page: page.__name__)


def imported(tree: nodes.Template) -> set[str]:
    """The macros that a template brings in; each must be there to be brought."""
    names: set[str] = set()
    for statement in tree.find_all(nodes.FromImport):
        assert isinstance(statement.template, nodes.Const)
        macros = vars(ENV.get_template(statement.template.value).module)
        for name in statement.names:
            known, alias = name if isinstance(name, tuple) else (name, name)
            assert known in macros
            names.add(alias)
    return names


def source(name: str) -> str:
    return (paths.TEMPLATES / name).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_a_template_uses_only_what_its_page_declares(page: type[pages.Page]):
    tree = ENV.parse(source(page.template))

    used = meta.find_undeclared_variables(tree) - imported(tree)

    assert used <= page.names() | set(ENV.globals)


def test_every_noun_has_pages():
    assert len(site.routers) > 15
    assert len(PAGES) > 25


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_parses_and_names_only_filters_that_exist(name: str):
    ENV.get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_carries_inline_script_or_style(name: str):
    text = source(name)

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_loads_anything_from_another_host(name: str):
    assert not re.search(r"(src|href)=\"(https?:)?//", source(name))


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_form_that_changes_something_carries_the_session_token(name: str):
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", source(name), re.DOTALL):
        assert "csrf" in form or name.startswith("public/")


def test_css_uses_only_defined_tokens():
    css = "".join(path.read_text() for path in CSS.glob("*.css"))

    assert set(re.findall(r"var\((--[\w-]+)\)", css)) <= set(re.findall(r"(--[\w-]+):", css))


def test_css_keeps_to_layers_without_shouting():
    for path in CSS.glob("*.css"):
        assert "@layer" in path.read_text()
        assert "!important" not in path.read_text()


def test_every_class_in_a_template_is_styled():
    css = "".join(path.read_text() for path in CSS.glob("*.css"))
    known = set(re.findall(r"\.(-?[a-zA-Z][\w-]*)", css))
    used = {
        word
        for name in TEMPLATES
        for value in re.findall(r'class="([^"{]*)"', source(name))
        for word in value.split()
    }

    assert used <= known


@pytest.mark.parametrize("path", sorted((paths.STATIC / "js").glob("*.js")), ids=lambda p: p.name)
def test_a_script_is_small_and_says_what_happens_without_it(path):
    text = path.read_text()

    assert len(text.splitlines()) <= 60
    assert "Without JS:" in text


def lineage(name: str) -> Iterator[nodes.Template]:
    """A template, and what it extends, and what that extends."""
    tree = ENV.parse(source(name))
    yield tree
    for parent in tree.find_all(nodes.Extends):
        assert isinstance(parent.template, nodes.Const)
        yield from lineage(parent.template.value)


def named(tree: nodes.Template) -> set[str]:
    """Macros and variables that a template has outside its blocks: its blocks see them first."""
    said = {macro.name for macro in tree.body if isinstance(macro, nodes.Macro)}
    said |= {
        name.name
        for one in tree.body
        if isinstance(one, nodes.Assign)
        for name in (one.target, *one.target.find_all(nodes.Name))
        if isinstance(name, nodes.Name)
    }
    return said | imported(tree)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_no_field_of_a_page_is_hidden_by_a_macro_of_its_name(page: type[pages.Page]):
    hidden = {name for tree in lineage(page.template) for name in named(tree)}

    assert not hidden & page.names()
