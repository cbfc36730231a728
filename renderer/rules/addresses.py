"""Which texts are IP addresses and ranges of them; the library is imported only where one occurs."""

from __future__ import annotations

from functools import lru_cache

A_RANGE = "a range of addresses: write 10.0.0.0/8, one address as 10.0.0.1/32"


@lru_cache(maxsize=1024)
def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address; Go reads one with leading zeros, too."""
    from ipaddress import ip_address

    try:
        ip_address(_without_zeros(text))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def is_range(text: str) -> bool:
    """A range in CIDR notation; its address may have bits below the prefix."""
    from ipaddress import ip_network

    _, slash, bits = text.partition("/")
    if not slash or not bits.isdecimal():
        return False
    try:
        ip_network(_range(text), strict=False)
    except ValueError:
        return False
    return True


def is_within(part: str, whole: str) -> bool:
    """Whether one valid range is a part of another, and smaller."""
    from ipaddress import ip_network

    inner, outer = (ip_network(_range(text), strict=False) for text in (part, whole))
    first, last = outer.network_address, outer.broadcast_address
    return (
        inner.version == outer.version
        and inner.prefixlen > outer.prefixlen
        and int(first) <= int(inner.network_address) <= int(last)
    )


def _range(text: str) -> str:
    address, _, bits = text.partition("/")
    return f"{_without_zeros(address)}/{bits}"


def _without_zeros(address: str) -> str:
    parts = address.split(".")
    return (
        ".".join(part.lstrip("0") or "0" if part.isdecimal() else part for part in parts)
        if len(parts) == 4
        else address
    )
