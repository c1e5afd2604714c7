"""Values of secrets that are JSON objects: clouds keep a user, a password and a host together in one."""

from __future__ import annotations

import json

from tools.errors import ToolFailed


def value_of_key(secret: str, text: str | None, key: str) -> bytes:
    """The value of one key; what is no string there is JSON. Raises `ToolFailed` where the secret lacks it."""
    try:
        found = json.loads(text or "")
    except ValueError:
        found = {}
    values = found if isinstance(found, dict) else {}
    if key not in values:
        raise ToolFailed(f"Secret {secret} has no key {key}. It has: {', '.join(sorted(values)) or 'no keys'}.")
    said = values[key]
    return (said if isinstance(said, str) else json.dumps(said)).encode()
