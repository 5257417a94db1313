"""Where a webhook may lead: to the internet, and not into the network that the server stands in.

An address is judged after its name was resolved, and the connection goes to the very address that was judged: between
two look-ups a name could change its mind (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore
from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]

RESOLVE_SECONDS = 3.0
_TRIED_MAX = 3
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class TargetRefused(Exception):
    """The webhook leads where it may not; the sentence says why."""


class NameUnknown(OSError):
    """The host's name has no address at present."""


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a name. Raises NameUnknown."""
    try:
        found = await asyncio.wait_for(
            asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM), RESOLVE_SECONDS
        )
    except (OSError, UnicodeError, TimeoutError) as error:
        raise NameUnknown("The name of the host could not be resolved.") from error
    # A link-local address comes with its zone.
    return [ip_address(str(item[4][0]).partition("%")[0]) for item in found]


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet; an IPv4 address within an IPv6 one is judged as what it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None:
            return is_public(address.sixtofour)
        # NAT64 prefixes, Teredo and the old IPv4-compatible form lead to IPv4 hosts by the way of somebody's gateway.
        if address.teredo is not None or int(address) >> 32 == 0 or any(address in net for net in _NAT64):
            return False
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def check_url(url: str, *, allow_private: bool) -> tuple[str, int]:
    """Host and port of a webhook's address. Raises TargetRefused for what is wrong without any look-up."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise TargetRefused("This is not an address of the web.") from error
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise TargetRefused("A webhook needs an https address.")
    if not parts.hostname:
        raise TargetRefused("The address names no host.")
    if parts.username is not None or parts.password is not None:
        raise TargetRefused("An address with a user name or password in it is not accepted.")
    return parts.hostname, port


def judged(addresses: Iterable[Address], *, allow_private: bool) -> list[Address]:
    """The addresses if all of them are allowed. Raises TargetRefused."""
    every = list(dict.fromkeys(addresses))
    if not allow_private and not all(is_public(address) for address in every):
        raise TargetRefused("The address leads into a private or local network.")
    return every


async def check(url: str, *, allow_private: bool, resolving: Resolve = resolve) -> None:
    """Before an address is accepted: what a delivery would refuse is refused now. A name that is unknown today may be
    known tomorrow. Raises TargetRefused."""
    host, port = check_url(url, allow_private=allow_private)
    try:
        addresses = await resolving(host, port)
    except NameUnknown:
        return
    judged(addresses, allow_private=allow_private)


class PinnedBackend(AsyncNetworkBackend):
    """Connects to addresses that were judged, and to no other; TLS still asks for the host's name."""

    def __init__(self, *, allow_private: bool, resolving: Resolve = resolve) -> None:
        self._inner = AnyIOBackend()
        self._allow_private = allow_private
        self._resolve = resolving

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        addresses = judged(await self._resolve(host, port), allow_private=self._allow_private)
        failure: Exception = NameUnknown("The name of the host has no address.")
        for address in addresses[:_TRIED_MAX]:
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        raise TargetRefused("A webhook needs an https address.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def trusted() -> ssl.SSLContext:
    """The machine's certificates (SSL_CERT_FILE names others) and those of the web's usual authorities."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
