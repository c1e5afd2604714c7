"""Secrets in JSON values: objects are masked by their structure, all text in them as text."""

import codecs
import itertools
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple, TypeAlias

from agent.redaction.commands import mask_arguments
from agent.redaction.names import MARK, is_secret, is_secret_name
from agent.redaction.text import mask_text

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MIN_LITERAL_LENGTH = 8
MAX_DEPTH = 64
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SECRET_KINDS = frozenset({"secret", "secrets", "secretlist"})
_SECRET_FIELDS = frozenset({"data", "stringData"})
_JSON_WEB_KEY = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})  # RFC 7518, 6
_BLANKED_BELOW = {"auth-provider": frozenset({"config"}), "exec": frozenset({"value"})}  # in a kubeconfig

_PASSWORD_NAME = r"(?i)passw|pwd|passphrase|passcode"
_BASE64_AUTH = r"[A-Za-z0-9+/]{12,}={0,2}"


def _blank(value: JsonValue) -> JsonValue:
    """Mask a value, of an object each member; null stays, for in a patch it means deletion."""
    if isinstance(value, dict):
        return {key: None if member is None else MARK for key, member in value.items()}
    return None if value is None else MARK


def _label(value: dict[str, JsonValue]) -> str:
    """Return what names the member `value` of an environment entry, a parameter or a JSON patch."""
    path = value.get("path")
    label = value.get("name") or value.get("key") or (path.rsplit("/", 1)[-1] if isinstance(path, str) else "")
    return label if isinstance(label, str) else ""


def _patches(value: dict[str, JsonValue], fields: frozenset[str]) -> bool:
    """Whether this is an operation of a JSON patch on one of these top-level fields."""
    path = value.get("path")
    return isinstance(path, str) and path.lstrip("/").split("/")[0] in fields


def _follows_flag(flag: JsonValue, item: JsonValue) -> bool:
    """Whether an item of an argument list is the secret value of the flag before it."""
    if not isinstance(flag, str) or not isinstance(item, str):
        return False
    return flag.startswith("--") and "=" not in flag and not item.startswith("-") and is_secret(flag, item)


def _mask_arguments(value: list[JsonValue]) -> list[JsonValue]:
    """Mask the passwords of a program that is called with these arguments."""
    words = [item for item in value if isinstance(item, str)]
    return list(mask_arguments(words)) if len(words) == len(value) > 1 else value


def _hides(name: str, value: JsonValue) -> bool:
    if isinstance(value, str):
        return is_secret(name, value) or (name == "auth" and bool(re.fullmatch(_BASE64_AUTH, value)))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return is_secret_name(name) and bool(re.search(_PASSWORD_NAME, name))


class _Place(NamedTuple):
    """Where in a value the walk stands: how deep, and which members are masked whatever they hold.

    `text` masks a text; one that stands at many places is read once.
    """

    text: Callable[[str], str]
    depth: int = 0
    blanked: frozenset[str] = frozenset()

    def below(self, blanked: frozenset[str] = frozenset()) -> "_Place":
        return _Place(self.text, self.depth + 1, self.blanked | blanked)


def _key(key: str, place: _Place) -> str:
    return place.text(key) if len(key) >= MIN_LITERAL_LENGTH else key


def _as_array(value: JsonValue) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value


class Redactor:
    """Masks secrets in JSON values and text.

    `literals` are secret values that the process knows (its bearer token, its API key); they are masked
    wherever they occur. Those shorter than 8 characters are ignored, for they would mask ordinary words.
    """

    def __init__(self, literals: Iterable[str] = ()) -> None:
        known = {literal.strip() for literal in literals}
        usable = [word for word in known if len(word) >= MIN_LITERAL_LENGTH and word not in MARK]
        self._literals = tuple(sorted(usable, key=lambda word: (-len(word), word)))

    def __repr__(self) -> str:
        return f"Redactor({len(self._literals)} literals)"

    def text(self, text: str) -> str:
        """Return the text with every secret in it replaced by `MARK`."""
        for literal in self._literals:
            text = text.replace(literal, MARK)
        return mask_text(text)

    def line_of_secret(self, content: bytes) -> int | None:
        """The line of a file's first secret, counted from 1; None where it holds none. The bytes may be any."""
        is_utf16 = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        text = content.decode("utf-16", "replace") if is_utf16 else content.decode("utf-8", "surrogateescape")
        masked = self.text(text)
        if masked == text:
            return None
        lines = itertools.zip_longest(text.split("\n"), masked.split("\n"))
        return next(number for number, (was, now) in enumerate(lines, 1) if was != now)

    def redact(self, value: JsonValue) -> JsonValue:
        """Return a copy of a JSON value with every secret in it replaced by `MARK`.

        The value itself is not changed; a tuple is taken for the array that it becomes in JSON. Objects and arrays
        nested deeper than 64 levels are masked whole.
        """
        return self._value(value, _Place(cache(self.text)))

    def _value(self, value: JsonValue, place: _Place) -> JsonValue:
        if isinstance(value, str):
            return place.text(value)
        value = _as_array(value)
        if not isinstance(value, dict | list):
            return value
        if place.depth >= MAX_DEPTH:
            return MARK
        return self._mapping(value, place) if isinstance(value, dict) else self._items(value, place)

    def _mapping(self, value: dict[str, JsonValue], place: _Place) -> dict[str, JsonValue]:
        kind = value.get("kind")
        is_secret = isinstance(kind, str) and kind.lower() in _SECRET_KINDS
        inside = place.below(_SECRET_FIELDS if is_secret else frozenset())
        if "kty" in value:
            inside = inside.below(_JSON_WEB_KEY)
        if _patches(value, inside.blanked):
            inside = inside.below(frozenset({"value"}))
        label = _label(value)
        return {
            _key(key, place): self._member(label if key == "value" else key, key, member, inside)
            for key, member in value.items()
        }

    def _member(self, name: str, key: str, member: JsonValue, place: _Place) -> JsonValue:
        member = _as_array(member)
        if key in place.blanked:
            return _blank(member)
        if _hides(name, member):
            return MARK
        if key == LAST_APPLIED and isinstance(member, str):
            return self._embedded(member, place)
        if isinstance(member, list) and is_secret_name(name):
            return [MARK if isinstance(item, str) else self._value(item, place.below()) for item in member]
        return self._value(member, place.below(_BLANKED_BELOW.get(key, frozenset())))

    def _embedded(self, text: str, place: _Place) -> str:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return MARK
        redacted = self._value(value, place.below())
        return text if redacted == value else json.dumps(redacted, ensure_ascii=False, separators=(",", ":"))

    def _items(self, value: list[JsonValue], place: _Place) -> list[JsonValue]:
        inside = place.below()
        items = _mask_arguments(value)
        before: list[JsonValue] = [None, *value]
        return [
            MARK if _follows_flag(flag, item) else self._value(item, inside)
            for flag, item in zip(before, items, strict=False)
        ]
