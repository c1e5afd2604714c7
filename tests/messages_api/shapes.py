"""The shape of a request, checked against the SDK's own types: unknown, missing and mistyped fields.

The SDK's TypedDicts are the one list of fields; nothing is copied from them. Paths and words are those of the
API, e.g. `messages.0.content.1.text.colour: Extra inputs are not permitted`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from anthropic.types.message_create_params import MessageCreateParamsBase
from typing_extensions import get_type_hints, is_typeddict

from tests.messages_api.refusal import Refused
from tools.json import Json

# The SDK sends these as headers.
_HEADERS = ("user_profile_id", "workspace_id")
_SCALARS: dict[Any, tuple[type | tuple[type, ...], str]] = {
    str: (str, "string"),
    int: (int, "integer"),
    float: ((int, float), "number"),
    bool: (bool, "boolean"),
}


def check_body(body: Json) -> None:
    """Raises `Refused` for the first field that is not as the SDK's types have it."""
    fields = {name: hint for name, hint in _fields(MessageCreateParamsBase).items() if name not in _HEADERS}
    _check_fields(body, {**fields, "stream": bool}, "")


@cache
def _fields(typed: Any) -> dict[str, Any]:
    return get_type_hints(typed, include_extras=True)


def _check(value: object, hint: Any, path: str) -> None:
    hint = _plain(hint)
    if is_typeddict(hint):
        _check_typed(value, hint, path)
    elif _is_union(hint):
        _check_union(value, get_args(hint), path)
    elif get_origin(hint) is Literal:
        _check_literal(value, get_args(hint), path)
    elif get_origin(hint) is dict:
        _demand(isinstance(value, dict), path, "Input should be a valid dictionary")
    elif hint in _SCALARS:
        _check_scalar(value, hint, path)
    elif _is_row(hint):
        _check_row(value, get_args(hint)[0], path)


def _check_typed(value: object, hint: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise Refused(f"{path}: Input should be an object")
    config = getattr(hint, "__pydantic_config__", {})
    _check_fields(value, _fields(hint), path, open_ended=config.get("extra") == "allow")


def _check_fields(value: Json, fields: dict[str, Any], path: str, *, open_ended: bool = False) -> None:
    prefix = f"{path}." if path else ""
    for name, hint in fields.items():
        if get_origin(hint) is Required:
            _demand(name in value, prefix + name, "Field required")
    for name, held in value.items():
        _demand(open_ended or name in fields, prefix + name, "Extra inputs are not permitted")
        if name in fields:
            _check(held, fields[name], prefix + name)


def _check_union(value: object, members: tuple[Any, ...], path: str) -> None:
    members = tuple(_plain(member) for member in members)
    if value is None and type(None) in members:
        return
    if isinstance(value, dict):
        _check_object(value, list(_flat(members)), path)
    elif isinstance(value, list) and any(_is_row(member) for member in members):
        _check(value, next(member for member in members if _is_row(member)), path)
    else:
        others = [member for member in members if member in _SCALARS or get_origin(member) is Literal]
        _demand(bool(others), path, "Input should be an object")
        _check(value, others[0], path)


def _check_object(value: Json, members: list[Any], path: str) -> None:
    candidates = [member for member in members if is_typeddict(member)]
    if len(candidates) > 1:
        _check_tagged(value, candidates, path)
    elif candidates:
        _check_typed(value, candidates[0], path)
    else:
        _demand(any(get_origin(member) is dict for member in members), path, "Input should be a valid string")


def _check_tagged(value: Json, candidates: list[Any], path: str) -> None:
    """Of several objects `type` (for messages `role`) says which is meant; its name is part of the path."""
    key = "role" if all("role" in _fields(candidate) for candidate in candidates) else "type"
    known = {tag: candidate for candidate in candidates for tag in _tags(candidate, key)}
    tag = str(value.get(key) or ("custom" if "custom" in known else ""))
    _demand(bool(tag), f"{path}.{key}", "Field required")
    expected = ", ".join(f"'{name}'" for name in known)
    complaint = f"Input tag '{tag}' found using '{key}' does not match any of the expected tags: {expected}"
    _demand(tag in known, path, complaint)
    _check_typed(value, known[tag], path if key == "role" else f"{path}.{tag}")


def _check_row(value: object, hint: Any, path: str) -> None:
    if not isinstance(value, list):
        raise Refused(f"{path}: Input should be a valid list")
    for index, item in enumerate(value):
        _check(item, hint, f"{path}.{index}")


def _check_literal(value: object, allowed: tuple[Any, ...], path: str) -> None:
    *most, last = [f"'{name}'" if isinstance(name, str) else str(name).lower() for name in allowed]
    names = f"{', '.join(most)} or {last}" if most else last
    _demand(value in allowed, path, f"Input should be {names}")


def _check_scalar(value: object, hint: Any, path: str) -> None:
    kind, name = _SCALARS[hint]
    fits = isinstance(value, kind) and (hint is bool or not isinstance(value, bool))
    _demand(fits, path, f"Input should be a valid {name}")


def _plain(hint: Any) -> Any:
    while get_origin(hint) in (Required, NotRequired, Annotated):
        hint = get_args(hint)[0]
    return hint


def _flat(members: tuple[Any, ...]) -> Iterable[Any]:
    for member in members:
        if _is_union(member):
            yield from _flat(get_args(member))
        else:
            yield member


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _is_row(hint: Any) -> bool:
    return getattr(get_origin(hint), "__name__", "") in ("Iterable", "Sequence", "list")


def _tags(typed: Any, key: str) -> tuple[str, ...]:
    hint = _plain(_fields(typed)[key])
    if _is_union(hint):
        hint = next(member for member in get_args(hint) if get_origin(member) is Literal)
    return get_args(hint)


def _demand(fine: bool, path: str, complaint: str) -> None:
    if not fine:
        raise Refused(f"{path}: {complaint}")
