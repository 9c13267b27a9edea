"""A body in MJML becomes a mail like any other: links, way out, pixel, text; faults by line."""

import re
import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app.delivery.mail import content, mjml_body
from app.delivery.mail.mime import Mail
from app.delivery.mail.mjml_styles import loads
from app.experiments.vocabulary import Format
from app.links.keyring import Kind
from app.links.token import read, unpack_fills
from tests.delivery.mail.test_compose import mail, part
from tests.delivery.scenes import KEYS

GOLDEN = Path(__file__).parents[2] / "golden" / "mjml.eml"
BODY = """\
<mjml>
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Georgia, 'Times New Roman', serif" />
      <mj-text font-size="16px" line-height="1.5" color="#2a2320" />
    </mj-attributes>
    <mj-style>.lead { letter-spacing: 0.2px; }</mj-style>
  </mj-head>
  <mj-body background-color="#f4efe6">
    <mj-section background-color="#ffffff" padding="28px 12px 12px">
      <mj-column>
        <mj-text css-class="lead"><h1>Hello {{ name }}</h1>
          <p>You throw away <strong>{{ euros }} €</strong> a week — rye on Tuesdays, mostly.</p></mj-text>
        {% if euros %}
        <mj-button href="https://shop.example/list?for={{ name }}" background-color="#7a3b1d" title="show">Show my list</mj-button>
        {% endif %}
      </mj-column>
    </mj-section>
    <mj-section background-color="#ffffff">
      <mj-column width="40%">
        <mj-image src="https://cdn.example/loaf.png" alt="A loaf for {{ name }}" href="https://shop.example/loaf" />
      </mj-column>
      <mj-column width="60%">
        <mj-table><tr><th align="left">Day</th><th align="right">€</th></tr>
          {% for day in days %}<tr><td>{{ day }}</td><td align="right">{{ forloop.index }}</td></tr>{% endfor %}
        </mj-table>
        <mj-text>Questions? <a href="mailto:ann@shop.example?subject={{ name }}">Write to us</a>.</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>"""  # noqa: E501 - as authors write it
HEAD = (
    "<mjml><mj-head><mj-attributes><{} href='javascript:a'/></mj-attributes></mj-head>"
    "<mj-body/></mjml>"
)
PERSON: dict[str, object] = {"name": 'Ann "A" <b>', "euros": 61, "days": ["Mon", "Tue"]}
_HREF = re.compile(r'href="([^"]*)"')


def made(body: str = BODY, columns: dict[str, object] = PERSON, **changes: Any) -> Mail:
    changes.setdefault("subject", "61 €")
    return mail(body, columns, format=Format.MJML, **changes)


def whole(inner: str) -> str:
    return (
        f"<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"
    )


def faults(body: str) -> list[str]:
    return [str(fault) for fault in content.examine(body, form=Format.MJML)[1]]


def test_a_mail_is_byte_for_byte_the_golden_one():
    """After a wanted change: write `made().raw` to the file, and look at it in a browser."""
    assert made().raw == GOLDEN.read_bytes()


def test_links_are_tracked_in_their_order_and_values_stay_encoded():
    html = part(made(), "html")
    clicks = [href for href in _HREF.findall(html) if "/c/" in href]
    links = [read(href.rpartition("/")[2], Kind.CLICK, KEYS) for href in clicks]

    assert [(link.id, link.link) for link in links] == [(5, 1), (5, 2)]
    assert unpack_fills(links[0].fills) == ('Ann "A" <b>',)
    assert "Hello Ann &#34;A&#34; &lt;b&gt;" in html
    assert 'alt="A loaf for Ann &#34;A&#34; &lt;b&gt;"' in html
    assert 'href="mailto:ann@shop.example?subject=Ann%20%22A%22%20%3Cb%3E"' in html


def test_it_ends_with_the_way_out_and_the_pixel_and_says_its_language():
    html = part(made(preheader="For {{ name }}"), "html")

    assert html.count("<html") == html.count("</html>") == html.count("/o/") == 1
    assert re.search(r'<body[^<>]*><div aria-hidden="true"[^<>]*>For Ann', html)
    assert re.search(r'/u/[\w-]{32}".*Unsubscribe.*/o/[^<>]*></body></html>\s*$', html, re.DOTALL)
    assert '<html lang="en" dir="ltr"' in html
    assert "Halvern, Main Street 1, Oslo" in html


def test_a_body_with_a_way_out_of_its_own_has_no_footer():
    body = whole('<mj-text>Hi <a href="{{ unsubscribe_url }}">no more</a></mj-text>')
    html = part(made(body, {}), "html")

    assert html.count("/u/") == 1
    assert "Main Street" not in html


def test_nothing_is_loaded_but_what_its_author_named():
    html = part(made(), "html")
    loaded = re.findall(r'(?:src|background)="([^"]*)"|url\(([^)]*)\)|@import', html)

    assert [unescape(one or other) for one, other in loaded][:-1] == [
        "https://cdn.example/loaf.png"
    ]
    assert "fonts.googleapis" not in html
    assert "<link" not in html


def test_the_text_part_says_the_same():
    said = re.sub(r"/[cu]/[\w-]+", "/…", part(made(), "plain").replace("\r\n", "\n"))

    assert said.startswith(
        'Hello Ann "A" <b>\n\nYou throw away 61 € a week — rye on Tuesdays, mostly.\n\n'
        "Show my list <https://insights.example.com/…>\n\n"
        'A loaf for Ann "A" <b> <https://insights.example.com/…>\n\n'
        "Day | €\nMon | 1\nTue | 2\n\n"
        "Questions? Write to us <mailto:ann@shop.example?subject=Ann%20%22A%22%20%3Cb%3E>."
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Hello {{ name }}", "An MJML body begins with <mjml>"),
        (whole("\n<mj-text colour='red'>a</mj-text>"), "Line 2: <mj-text> has no “colour”"),
        (whole("{{ a\n\n}}"), "Line 1: “{{ a\n\n}}” stands outside of mj-text"),
        (whole("<mj-text>{{ a\n}}</mj-text>\n<mj-foo/>"), "Line 3: <mj-foo> is nothing that MJML"),
        (whole("<mj-text>a"), "</mj-column> closes nothing: <mj-text> is to be closed first"),
        ("<mjml><mj-body>\n<mj-section>", "Line 2: <mj-section> is not closed"),
        (whole("<mj-include path='/etc/passwd' />"), "Nothing is read from elsewhere"),
        ("<mjml><mj-head><mj-font name='A' href='https://x.example'/></mj-head><mj-body/></mjml>",
         "A font would be loaded from elsewhere"),
        (whole("<mj-text color='{{ c }}'>a</mj-text>"), "“color” of <mj-text> takes something"),
        (whole("<mj-text><b {% if a %}style='x'{% endif %}>a</b></mj-text>"), "has no "),
        (whole("<mj-text><p style='background:url(x)'>a</p></mj-text>"), "loads something"),
        (whole("<mj-text><script>a</script></mj-text>"), "No mail program runs it"),
        (whole("<mj-text><p onclick='a'>a</p></mj-text>"), "<p> has no “onclick”"),
        (whole("<mj-social><mj-social-element name='x'>a</mj-social-element></mj-social>"),
         "needs a src"),
        ("<mjml><mj-body><mj-text>a</mj-text></mj-body></mjml>",
         "<mj-text> stands in mj-column or mj-hero, not in mj-body"),
        (whole("<mj-button href='https://{{ a }}'>a</mj-button>"), "takes its beginning"),
        (whole("<mj-image src='http://x.example/a.png' alt='A loaf' />"), "“A loaf” needs an"),
        (whole("<mj-text><a href='https://a.example'><a href='https://b.example'>b</a></a></mj-text>"),
         "a link inside of a link"),
        ("<!doctype html><mjml><mj-body></mj-body></mjml>", "has no place here"),
        (whole("&nbsp;"), "&nbsp; stands outside of mj-text"),
        *((f"<mjml><mj-head><mj-style>{style}</mj-style></mj-head><mj-body/></mjml>",
           "mj-style loads something") for style in (
            "@import 'x'", ".a{b:u<!-- -->rl(x)}", r".a{b:\75 r\l(x)}",
            ".a{b:-webkit-image-set('x' 1x)}", r"@\69mport 'x'")),
        (whole(r"<mj-text><p style='a:\000075rl(x)'>a</p></mj-text>"), "loads something"),
        *((HEAD.format(tag), f"<{tag.split()[0]}> has no “href” here")
          for tag in ("mj-all", "mj-class name='a'", "mj-button")),
        (whole("<mj-text><p href='https://a.example'>a</p></mj-text>"), "<p> has no “href” here"),
        (whole("<mj-text>{{ a\n\n}}<b>{{ b\n}}</b></mj-text>{{ c }}<mj-foo/>"), "Line 4: <mj-foo>"),
    ],
)  # fmt: skip
def test_a_fault_says_its_line_and_what_to_do(body: str, said: str):
    assert said in " ".join(faults(body))


def test_what_ends_the_engines_process_is_refused_before_it():
    begun = time.process_time()
    deep = whole("<mj-text>" + "<div>" * 20_000 + "</mj-text>")

    assert "nested too deep" in faults(deep)[0]
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("piece", ["<b>{{a}}</b>", "<foo>", "<b>a</b>", "{{a\n}}<br>"])
def test_it_takes_as_long_as_its_source(piece: str):
    begun = time.process_time()
    mjml_body.examined(whole(f"<mj-text>{piece * 2_000}</mj-text>"))

    assert time.process_time() - begun < 0.4


def test_a_style_may_have_signs_written_by_number():
    assert not loads(r".a::before { content: '\2014\ffffff'; background-image: none }")


def test_a_value_that_looks_like_a_mark_of_ours_is_a_value():
    body = whole("<mj-image src='image:k3y' alt='&#122;z0y &#122;z9y' /><mj-text>a</mj-text>")

    assert 'alt="zz0y zz9y"' in part(made(body), "html")


def test_what_is_told_of_an_image_of_ours_is_its_address_on_the_host_of_links():
    html = part(
        made(whole('<mj-image src="image:k3y" alt="A loaf" /><mj-text>a</mj-text>')), "html"
    )

    assert 'src="https://insights.example.com/i/k3y"' in html


def test_signs_that_the_engine_would_write_anew_come_out_as_they_went_in():
    alt = 'zz0y back\\slash “quotes” é \u200d "plain" &amp;'
    body = whole(f"<mj-image src='image:k3y' alt='{alt}' /><mj-text>zz1y</mj-text>")
    html = part(made(body), "html")

    assert re.search(r'alt="([^"]*)"', html)[1] == (  # type: ignore[index]
        "zz0y back\\slash “quotes” é \u200d &quot;plain&quot; &amp;"
    )
    assert ">zz1y<" in html
