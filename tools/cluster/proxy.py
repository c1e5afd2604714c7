"""Which proxy the environment names for an address: as Go, and so kubectl, reads it.

Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def proxy_of(url: str, env: Mapping[str, str]) -> str | None:
    """The proxy for requests to `url`; None where it is asked directly, as this machine itself always is."""
    address = urlsplit(url)
    name = f"{address.scheme}_proxy"
    proxy = env.get(name.upper()) or env.get(name)
    if not proxy or not address.hostname or _is_loopback(address.hostname):
        return None
    port = address.port or _PORTS.get(address.scheme, 0)
    exempt = (env.get("NO_PROXY") or env.get("no_proxy") or "").lower().split(",")
    if any(_exempts(entry.strip(), address.hostname, port) for entry in exempt):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _exempts(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY (an address, a range of them, a domain; one may have a port) means this host."""
    if entry == "*":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        name, _, only = entry.rpartition(":") if entry.rpartition(":")[2].isdecimal() else (entry, "", "")
    name = name.strip("[]")
    if not name or (only and int(only) != port):
        return False
    domain = name.removeprefix("*")
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")
