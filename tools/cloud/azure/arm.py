"""What all resources of Azure's resource manager have in common: their state, their age, tags for what has none.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations#provisioning-states
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

from tools.errors import ArgumentsError
from tools.json import Json

_SETTLED = ("", "succeeded", "ready", "registeringdns", "resolvingdns")
_FAILED = ("failed", "canceled")
SMALLEST_PREFIX = 24
"""The largest range of addresses that a firewall is opened for: 256 of them."""
_PRIVATE = tuple(
    IPv4Network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)
_ALL_OF_AZURE = IPv4Network("0.0.0.0/32")


def making(state: object) -> str:
    """What Azure is still doing, by a resource's state; empty: it is settled, or given up."""
    said = str(state or "").lower()
    return "" if said in _SETTLED or said in _FAILED else said


def failed(state: object) -> str:
    """Why Azure gave up on it; the resource itself tells no more."""
    return f"Azure says {state}: az monitor activity-log list tells why" if str(state).lower() in _FAILED else ""


def uid(found: Json) -> str:
    """What no other resource has: its id with when it was made."""
    made = (found.get("systemData") or {}).get("createdAt")
    return f"{found['id']} {made or (found.get('properties') or {}).get('creationDate') or ''}".rstrip()


def as_text(tags: Mapping[str, str]) -> str:
    """Tags in the description of what has none."""
    return json.dumps(tags, sort_keys=True, separators=(",", ":"))


def from_text(text: object) -> dict[str, str]:
    """The tags in a description; none where it is anything else."""
    try:
        found = json.loads(str(text or ""))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def checked_range(said: str) -> str:
    """Addresses that a firewall may be opened for, as ADDRESS or ADDRESS/PREFIX; raises `ArgumentsError`.

    Sources: checkov CKV_AZURE_53, CKV_AZURE_68, CKV2_AZURE_26 (no firewall rule from 0.0.0.0 to 255.255.255.255),
    https://learn.microsoft.com/azure/postgresql/flexible-server/security-firewall-rules (0.0.0.0: all of Azure).
    """
    try:
        found = IPv4Network(said, strict=True)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise ArgumentsError(
            f"{said!r} is no IPv4 address or range, such as 203.0.113.7 or 203.0.113.0/28."
        ) from error
    if found == _ALL_OF_AZURE:
        raise ArgumentsError(
            "0.0.0.0 lets in whatever runs in Azure, other companies' machines too: that is public. Name the "
            "addresses that are to come in."
        )
    if found.prefixlen < SMALLEST_PREFIX:
        raise ArgumentsError(
            f"{said} has {found.num_addresses:,} addresses, and is public in all but name: the whole internet "
            f"could try passwords. Name the addresses that are to come in, a /{SMALLEST_PREFIX} at most."
        )
    if any(found.subnet_of(each) for each in _PRIVATE):
        raise ArgumentsError(
            f"{said} is a private address, which no firewall of Azure ever sees: those come by a private endpoint. "
            "Name the public address that requests leave with."
        )
    return str(found.network_address) if found.prefixlen == 32 else str(found)
