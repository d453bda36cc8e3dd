"""Which addresses the server may be told to connect to: those of the public internet, and no others.

An allow-list of networks, since every list of exceptions in the standard library has had gaps: addresses
that carry another inside (IPv4-mapped, NAT64, 6to4) are judged by the one inside.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_6 = IPv6Network("2000::/3")
_NOT_GLOBAL_6 = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20"))  # Teredo and kin, documentation
)
_NOT_GLOBAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; also Alibaba's metadata
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; also most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's own, in public space
    )
)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself.

    >>> from ipaddress import ip_address
    >>> [str(unwrapped(ip_address(a))) for a in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::")]
    ['127.0.0.1', '127.0.0.1', '127.0.0.1']
    """
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner or address


def is_public(address: Address) -> bool:
    """
    >>> from ipaddress import ip_address
    >>> [is_public(ip_address(a)) for a in ("8.8.8.8", "2606:4700::1111", "169.254.169.254", "fd00:ec2::254")]
    [True, True, False, False]
    >>> is_public(ip_address("64:ff9b::a00:1")), is_public(ip_address("224.0.0.1"))
    (False, False)
    """
    inner = unwrapped(address)
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _NOT_GLOBAL_4)
    return inner in _GLOBAL_6 and not any(inner in network for network in _NOT_GLOBAL_6)
