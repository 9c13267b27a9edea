"""What a User-Agent says about itself. A well-kept list, and what that list lacks."""

import re
from functools import lru_cache

GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
_THIRD = 3  # rules, of which these lists know more
_REMEMBERED = 20_000  # the list costs most of a millisecond a question

# HTTP libraries and mail gateways that crawler-user-agents does not have, of those that
# matomo/device-detector names (Tests/fixtures/bots.yml, Parser/Client/fixtures/library.yml).
_ALSO_AUTOMATION = re.compile(
    r"^Java/|^Dart/|\bWinHTTP|\bWinHttpRequest|barracuda|proofpoint|mimecast|messagelabs|symantec"
    r"|fireeye|trendmicro|zscaler|sophos|phish|urlscan|virustotal|node-fetch|undici|axios/|aiohttp"
    r"|httpx/|okhttp|reqwest|guzzle|faraday|mechanize|postmanruntime|libwww|urllib|wget|curl/"
    r"|headless|phantomjs|selenium|puppeteer|playwright|slimerjs|linkpreview|urlpreview"
    r"|^Mozilla/5\.0 \(compatible; (?!MSIE|Konqueror)",
    re.IGNORECASE,
)
_OFFICE = re.compile(r"ms-office|MSOffice|^Microsoft Office|^Microsoft Data Access", re.IGNORECASE)
_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy|YahooCacheSystem", re.IGNORECASE)
_PROXY_SINCE_3 = re.compile(r"RamblerMail\b", re.IGNORECASE)
_READER = re.compile(
    r"^Mozilla/|^Opera/|outlook|^Microsoft Office|thunderbird|emclient|airmail|applemail|^Mail/"
    r"|lotus-notes|hcl-notes|postbox|mailbird|the bat|k-9|fairemail|\bspark\b|superhuman|evolution"
    r"|kmail|sylpheed|claws",
    re.IGNORECASE,
)
_READER_SINCE_3 = re.compile(r"^Android-(?:Gmail|Mail|Email)\b", re.IGNORECASE)
# Browsers that scanners pretend to be, and nobody runs any more: the one that Keila drops
# outright. Listed strings only: never "older than today minus two years" (decision 13).
_STALE = re.compile(
    r"^Mozilla/5\.0 \(Windows NT 10\.0;[^)]*\) .* Chrome/104\.0\.0\.0 Safari/537\.36$"
)

# Signs of a family, the more special first: nearly everybody claims to be Mozilla and Safari.
_FAMILIES = (
    ("googleimageproxy", "Google image proxy"),
    ("yahoomailproxy", "Yahoo image proxy"),
    ("yahoocachesystem", "Yahoo image proxy"),
    ("ramblermail", "Rambler image proxy"),
    ("android-gmail", "Gmail"),
    ("ms-office", "Microsoft Office"),
    ("msoffice", "Microsoft Office"),
    ("microsoft office", "Microsoft Office"),
    ("outlook", "Outlook"),
    ("thunderbird", "Thunderbird"),
    ("samsungbrowser", "Samsung Internet"),
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("headlesschrome", "Program"),
    ("chrome", "Chrome"),
    ("crios", "Chrome"),
    ("safari", "Safari"),
    ("applewebkit", "Apple Mail"),
)


@lru_cache(maxsize=_REMEMBERED)
def is_automation(user_agent: str) -> bool:
    """An HTTP library, a crawler, a headless browser, a link preview, a scanner of addresses."""
    from crawleruseragents import is_crawler  # noqa: PLC0415  # reads its list: at ingest only

    return bool(_ALSO_AUTOMATION.search(user_agent)) or is_crawler(user_agent)


def is_office(user_agent: str) -> bool:
    """Office itself, which looks at a link before it gives it to a browser."""
    return bool(_OFFICE.search(user_agent))


def is_image_proxy(user_agent: str, *, rules: int) -> bool:
    """The proxies through which Google's, Yahoo's and Rambler's readers see images."""
    return bool(
        _PROXY.search(user_agent) or (rules >= _THIRD and _PROXY_SINCE_3.search(user_agent))
    )


def is_reader(user_agent: str, *, rules: int) -> bool:
    """A browser or a mail client."""
    return bool(
        _READER.search(user_agent) or (rules >= _THIRD and _READER_SINCE_3.search(user_agent))
    )


def family(user_agent: str) -> str:
    """What is left of a User-Agent once it is old: what kind of program, of no version."""
    if not user_agent:
        return ""
    if found := next((name for sign, name in _FAMILIES if sign in user_agent.lower()), None):
        return found
    if is_automation(user_agent):
        return "Program"
    return "Other"


def is_stale(user_agent: str) -> bool:
    """A browser years out of date that only scanners still name."""
    return bool(_STALE.match(user_agent))
