"""Which browser asks, in words that its owner recognises: the device, and from which network."""

import ipaddress

from fastapi import Request

from app.identity import guard
from app.identity.sessions import Came

_LONGEST = 512  # of a User-Agent that is looked at
# First match wins: most browsers name others, too, so as to be served.
_BROWSERS = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("crios", "Chrome"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
)
_SYSTEMS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("cros", "ChromeOS"),
    ("windows", "Windows"),
    ("mac os", "Mac"),
    ("linux", "Linux"),
)


def came_of(request: Request) -> Came:
    """From where a session begins that this request asks for."""
    return Came(
        device=device(request.headers.get("user-agent", "")),
        network=network(guard.caller_of(request)),
    )


def device(user_agent: str) -> str:
    """`Firefox on Windows`; what names neither is just a browser."""
    told = user_agent[:_LONGEST].lower()
    browser = next((name for sign, name in _BROWSERS if sign in told), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in told), "")
    return f"{browser} on {system}" if system else browser


def network(address: str) -> str:
    """Where an address belongs, without naming the machine: `192.0.2.0/24`, or a /48 of IPv6."""
    try:
        ip = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return ""  # a socket file
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = 24 if isinstance(ip, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((ip, bits), strict=False))
