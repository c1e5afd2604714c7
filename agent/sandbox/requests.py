"""What a request names, what is wrong with it, and the errors that the API server answers."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from kmock import KubernetesError, resource

from agent.sandbox.store import Key, Object
from tools.apimachinery import quantity

_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>.+))?)?"
)
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")


@dataclass(frozen=True)
class Route:
    """What a path of the API names; `name` and `subresource` may be empty."""

    resource: resource
    namespace: str | None
    name: str
    subresource: str

    @property
    def key(self) -> Key:
        """The object's key in the store."""
        return self.resource, self.namespace, self.name

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`."""
        return "/".join(filter(None, (self.resource.group, self.resource.version)))


def parse_path(path: str) -> Route | None:
    """The route of an object or a collection; None for discovery and everything else."""
    if not (match := _PATH.fullmatch(path.rstrip("/"))):
        return None
    kind = resource(match["group"] or "", match["core"] or match["version"], match["plural"])
    return Route(kind, match["namespace"], match["name"] or "", match["subresource"] or "")


def decoded(text: str, content_type: str) -> Any:
    """The body of a request, from JSON, or YAML for an apply. An empty body is an empty object."""
    if content_type.endswith("protobuf"):
        raise failure(415, "UnsupportedMediaType", "the sandbox reads JSON only, not protobuf")
    try:
        return (yaml.safe_load(text) if content_type.endswith("yaml") else json.loads(text or "{}")) or {}
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise failure(400, "BadRequest", f"the body of the request can't be read: {error}") from error


def failure(status: int, reason: str, message: str, **details: Any) -> KubernetesError:
    """The error that becomes a v1 Status; `reason` is one of metav1.StatusReason."""
    return KubernetesError(status=status, reason=reason, message=message, details=details)


def unknown_resource() -> KubernetesError:
    """404 for a path that serves nothing."""
    return failure(404, "NotFound", "the server could not find the requested resource")


def not_found(route: Route) -> KubernetesError:
    """404 for one object."""
    return _about(404, "NotFound", route, "{} not found")


def already_exists(route: Route) -> KubernetesError:
    """409 for an object that is to be made."""
    return _about(409, "AlreadyExists", route, "{} already exists")


def conflict(route: Route) -> KubernetesError:
    """409 for a write that names another resourceVersion than the object has."""
    return _about(
        409,
        "Conflict",
        route,
        "Operation cannot be fulfilled on {}: the object has been modified; "
        "please apply your changes to the latest version and try again",
    )


def _about(status: int, reason: str, route: Route, message: str) -> KubernetesError:
    plural, group = route.resource.plural or "", route.resource.group
    qualified = f"{plural}.{group}" if group else plural
    details = {"name": route.name, "kind": plural} | ({"group": group} if group else {})
    return failure(status, reason, message.format(f'{qualified} "{route.name}"'), **details)


def invalid(kind: str, route: Route, causes: list[tuple[str, str]]) -> KubernetesError:
    """422 for an object whose fields are wrong; a cause is a field's path and a message."""
    told = [f"{field}: {message}" for field, message in causes]
    qualified = f"{kind}.{route.resource.group}" if route.resource.group else kind
    rows = [{"reason": "FieldValueInvalid", "field": field, "message": message} for field, message in causes]
    problems = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    text = f'{qualified} "{route.name}" is invalid: {problems}'
    return failure(422, "Invalid", text, name=route.name, kind=kind, causes=rows)


def wrong_quantities(item: Object) -> Iterator[tuple[str, str]]:
    """The field paths and messages of a pod template's or a pod's resources that the API server refuses."""
    spec = item.get("spec") or {}
    path, pod = ("spec.template.spec", spec["template"].get("spec") or {}) if "template" in spec else ("spec", spec)
    for index, container in enumerate(pod.get("containers") or []):
        resources = container.get("resources") or {}
        for group in ("limits", "requests"):
            for name, amount in (resources.get(group) or {}).items():
                if problem := _quantity_problem(str(amount)):
                    yield f"{path}.containers[{index}].resources.{group}[{name}]", problem
        yield from _beyond_limit(f"{path}.containers[{index}].resources.requests", resources)


def _quantity_problem(text: str) -> str | None:
    if not _is_quantity(text):
        return f"Invalid value: \"{text}\": quantities must match the regular expression '^{_QUANTITY.pattern}$'"
    if quantity.parse(text) < 0:
        return f'Invalid value: "{text}": must be greater than or equal to 0'
    return None


def _is_quantity(text: str) -> bool:
    try:
        return bool(_QUANTITY.fullmatch(text)) and quantity.parse(text) is not None
    except (ValueError, ArithmeticError):
        return False


def _beyond_limit(path: str, resources: Object) -> Iterator[tuple[str, str]]:
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is None or not (_is_quantity(str(amount)) and _is_quantity(str(limit))):
            continue
        if quantity.parse(amount) > quantity.parse(limit):
            yield path, f'Invalid value: "{amount}": must be less than or equal to {name} limit of {limit}'
