"""Which addresses belong to the open internet, whatever they are wrapped in."""

import ipaddress

# What IANA's registries of special-purpose addresses (RFC 6890 and its updates) give to everybody,
# to one link, to documentation, to tests or to translation: nobody's host on the open internet.
_SPECIAL_4 = tuple(
    ipaddress.IPv4Network(written)
    for written in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's metadata, on a public address; everybody else's is link-local
    )
)  # fmt: skip
# The one block that is given to hosts (RFC 4291), and what of it is not.
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_6 = tuple(
    ipaddress.IPv6Network(written)
    for written in (
        "2001::/23",  # protocols, Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address stands in it, and nobody relays it any more
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def is_public(written: str) -> bool:
    """Whether somebody's host may be there.

    Of IPv6 only 2000::/3 is anybody's. That leaves out the ways to write an IPv4 address inside
    one: mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`), translated (`::ffff:0:a.b.c.d`) and a
    network's own NAT64 (`64:ff9b:1::/48`), besides loopback, link-local and unique local ones.
    NAT64's well-known prefix is how a host without IPv4 reaches the internet: what it leads to
    decides.
    """
    address = ipaddress.ip_address(written.split("%", maxsplit=1)[0])  # a zone: `fe80::1%eth0`
    if address in _NAT64:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    return address in _GLOBAL_6 and not any(address in network for network in _SPECIAL_6)
