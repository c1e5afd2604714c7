"""What a namespace is to have: checked values with the platform's defaults. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from tools.apimachinery import quantity
from tools.environments import WORDS, Environment
from tools.json import Json

Opening = Literal["dns", "same-namespace", "ingress-controller", "monitoring", "api-server"]
"""What traffic is let through the default deny, a NetworkPolicy each."""

OPENINGS: tuple[Opening, ...] = ("dns", "same-namespace", "ingress-controller", "monitoring", "api-server")

_ABOUT_GIB = re.compile(r"\s*([0-9.]+)\s*([KMGTP])(i?)B\s*", re.IGNORECASE)
_ALLOWED_CATEGORIES = frozenset("LMNPSZ")
_PART = re.compile(r"[A-Za-z]{1,3}=")
"""How a part of a distinguished name begins."""
_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

_BINARY = tuple(
    (f"{letter}i", Decimal(1 << power)) for letter, power in zip("PTGMK", range(50, 0, -10), strict=True)
)
_DECIMAL = tuple(
    (unit, Decimal(10) ** power)
    for unit, power in (("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3), ("", 0), ("m", -3))
)
QUANTITIES = frozenset({"cpu", "memory", "cpu_requests", "memory_requests", "storage"})

LEAST_CPU, MOST_CPU = Decimal("0.1"), Decimal(10_000)
LEAST_MEMORY, MOST_MEMORY = Decimal(128 * quantity.MIB), Decimal(1 << 50)
LEAST_STORAGE = Decimal(1 << 30)


class SpecificationError(ValueError):
    """A value that no namespace can have; the text says which, why, and what would do."""


@dataclass(frozen=True, slots=True)
class Specification:
    """What is asked for. Quantities are Kubernetes' own: cores of CPU, bytes of memory."""

    namespace: str
    environment: Environment
    team: str
    cpu: str = "8"
    """Limit of all pods together."""
    memory: str = "16Gi"
    cpu_requests: str = "4"
    memory_requests: str = "8Gi"
    storage: str = ""
    """All claims together; empty: not bounded."""
    cost_center: str = ""
    group: str = ""
    members: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    closed: tuple[Opening, ...] = ()
    """What is not let through."""
    kubeconfigs: bool = False
    """Whether each member has a service account, which a kubeconfig is issued for."""
    pull_secret: str = ""
    """The Secret by which its pods pull images; empty: none is linked."""

    def as_json(self) -> Json:
        """What is written down of it: all but the namespace, which it is written into."""
        return {name: value for name, value in asdict(self).items() if name != "namespace"}


def specified(namespace: str, given: Mapping[str, Any], before: Json | None) -> Specification:
    """The checked specification: what is given, else what was provisioned `before`, else the platform's default.

    Raises `SpecificationError`.
    """
    asked = {name: value for name, value in given.items() if value is not None}
    for name in ("cpu", "memory"):
        if name in asked and f"{name}_requests" not in asked:
            half = _quantity(name, asked[name]) / 2
            asked[f"{name}_requests"] = _written(asked[name], half if name == "cpu" else half // 1)
    for name in QUANTITIES & asked.keys():
        asked[name] = _written(asked[name], _quantity(name, asked[name]))
    known = {field.name for field in fields(Specification)}
    values = {**{key: value for key, value in (before or {}).items() if key in known}, **asked}
    values["environment"] = values.get("environment") or next(iter(environment_in(namespace)), "dev")
    values["team"] = values.get("team") or team_of(namespace)
    for name in ("members", "viewers", "closed"):
        values[name] = tuple(dict.fromkeys(values.get(name) or ()))
    wanted = Specification(**{**values, "namespace": namespace})
    _check(wanted)
    return wanted


def _written(like: str, number: Decimal) -> str:
    """A quantity as the API server writes it, binary or decimal as `like` is: 1024Mi is 1Gi, 0.5 is 500m."""
    units = _BINARY if like.endswith("i") else _DECIMAL
    unit, size = next((each for each in units if number and number % each[1] == 0), ("", Decimal(1)))
    return f"{number / size:f}".split(".")[0] + unit


def memory_said(text: str) -> str:
    """Bytes as people should read them: beside a decimal quantity, which may be meant as a binary one, that."""
    if text.endswith("i") or not text[-1:].isalpha():
        return text
    return f"{text} (decimal, {quantity.parse(text) / quantity.GIB:.1f}Gi)"


def team_of(namespace: str) -> str:
    """The team that a namespace's name tells: without the environment at its end."""
    first, _, last = namespace.rpartition("-")
    return first if first and last in WORDS else namespace


def environment_in(namespace: str) -> tuple[Environment, ...]:
    """The environments that a namespace's name says, as words of their own."""
    return tuple(dict.fromkeys(WORDS[word] for word in namespace.split("-") if word in WORDS))


def _check(wanted: Specification) -> None:
    said = environment_in(wanted.namespace)
    if said and wanted.environment not in said:
        raise SpecificationError(
            f"The name {wanted.namespace} says {' and '.join(said)}, and the environment asked for is "
            f"{wanted.environment}. Give the environment that the name says, or another name."
        )
    if wanted.namespace.startswith(("kube-", "openshift-")) or wanted.namespace in ("default", "openshift"):
        raise SpecificationError(
            f"{wanted.namespace} belongs to the cluster itself: names with kube- or openshift- are kept for it."
        )
    _check_label("team", wanted.team)
    if wanted.cost_center:
        _check_label("cost_center", wanted.cost_center)
    _check_bounds(wanted)
    for subject in (*wanted.members, *wanted.viewers, *filter(None, [wanted.group])):
        check_subject(subject)
    if both := sorted({*wanted.members} & {*wanted.viewers}):
        raise SpecificationError(f"{both[0]} is given as member and as viewer: members may all that viewers may.")


def _check_label(name: str, value: str) -> None:
    if not _LABEL.fullmatch(value):
        raise SpecificationError(
            f"{name} {value!r} cannot be a label's value: letters, digits, - _ and . (not at the ends), at most 63."
        )


def _check_bounds(wanted: Specification) -> None:
    _between("cpu", wanted.cpu, LEAST_CPU, MOST_CPU, "100m and 10000")
    _between("memory", wanted.memory, LEAST_MEMORY, MOST_MEMORY, "128Mi and 1Pi")
    _between("cpu_requests", wanted.cpu_requests, LEAST_CPU / 2, MOST_CPU, "50m and 10000")
    _between("memory_requests", wanted.memory_requests, LEAST_MEMORY / 2, MOST_MEMORY, "64Mi and 1Pi")
    for name, requests, limits in (
        ("cpu", wanted.cpu_requests, wanted.cpu),
        ("memory", wanted.memory_requests, wanted.memory),
    ):
        if quantity.parse(requests) > quantity.parse(limits):
            raise SpecificationError(
                f"{name}_requests {requests} is more than {name} {limits}, which is the limit."
            )
    if wanted.storage:
        _between("storage", wanted.storage, LEAST_STORAGE, MOST_MEMORY, "1Gi and 1Pi")


def _between(name: str, text: str, least: Decimal, most: Decimal, said: str) -> None:
    if not least <= _quantity(name, text) <= most:
        raise SpecificationError(f"{name} {text} is out of bounds: give between {said}.")


def _quantity(name: str, text: str) -> Decimal:
    if about := _ABOUT_GIB.fullmatch(text):
        number, unit, binary = about[1], about[2].upper(), about[3]
        small = "k" if unit == "K" else unit
        meant = f"{number}{unit}i" if binary else f"{number}{unit}i (binary) or {number}{small} (decimal)"
        raise SpecificationError(f"{name} {text!r} is no quantity of Kubernetes': write {meant}.")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?(m|k|Ki|[MGTP]i?)?", text):
        example = "4 or 500m" if name.startswith("cpu") else "16Gi or 512Mi"
        raise SpecificationError(f"{name} {text!r} is no quantity: give a number such as {example}.")
    number = quantity.parse(text)
    if not name.startswith("cpu") and text.endswith("m"):
        raise SpecificationError(f"{name} {text!r} is in thousandths of a byte: Mi is what is usually meant.")
    return number


def check_subject(name: str) -> None:
    """Raises `SpecificationError` for what is no name of a user or group, or one of the cluster's own."""
    if name.startswith("system:"):
        raise SpecificationError(f"{name} is a part of the cluster, or everybody: it gets no role from Desk.")
    if not name or name != name.strip() or len(name) > 253:
        raise SpecificationError(
            f"{name!r} is no name of a user or group: 1 to 253 characters, no space at its ends."
        )
    if bad := _bad_characters(name):
        raise SpecificationError(f"{name!r} has a character that no name of a user or group should have: {bad}.")


def _bad_characters(name: str) -> str:
    """Quotes, control and bidirectional characters by their names: what is read is not what is meant."""
    return ", ".join(
        unicodedata.name(char, f"U+{ord(char):04X}")
        for char in name
        if char in '"`\\' or unicodedata.category(char)[0] not in _ALLOWED_CATEGORIES or char in "\u2028\u2029"
    )


def listed(text: str) -> tuple[str, ...]:
    """Names that stand in one text with commas; the parts of a distinguished name (CN=a,OU=b) stay together."""
    names: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if names and _PART.match(names[-1]) and _PART.match(part):
            names[-1] += f",{part}"
        else:
            names.append(part)
    return tuple(names)


def joined(names: Iterable[str]) -> str:
    """Names as people list them; `nobody` where there is none."""
    return ", ".join(names) or "nobody"
