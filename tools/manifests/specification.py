"""What an application's manifests are made of: checked values with the platform's defaults. Pure.

What people and models write (`API_KEY=login/key`, `data:/data:1Gi`, `100m:500m`) is read here and nowhere else, and
everything that no application can have is refused here, before anything is made.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

from tools.apimachinery import quantity

Type = Literal["deployment", "statefulset", "daemonset", "cronjob", "job"]
Exposure = Literal["ingress", "gateway", "route"]
Platform = Literal["kubernetes", "openshift"]

TYPES: tuple[Type, ...] = get_args(Type)
SERVING: tuple[Type, ...] = ("deployment", "statefulset", "daemonset")
"""What runs all the time, and may answer on ports."""
SCALED: tuple[Type, ...] = ("deployment", "statefulset")
"""What has as many replicas as one says."""

LEAST_CPU, MOST_CPU = Decimal("0.001"), Decimal(1000)
LEAST_MEMORY, MOST_MEMORY = Decimal(4 * quantity.MIB), Decimal(1 << 44)
LEAST_STORAGE, MOST_STORAGE = Decimal(quantity.MIB), Decimal(1 << 50)
MOST_REPLICAS = 1000
MOST_CONFIG_BYTES = 1_000_000
MOST_PORTS = 10

TMP = "/tmp"  # noqa: S108  a mount's path
DEFAULT_CLAIM = "data:/data:1Gi"

_MOST_IMAGE = 512
# Patterns are kept as text: `re` compiles and keeps each at its first use, and most are not used.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_APP = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_MOST_APP = 52
"""A CronJob's Jobs and a StatefulSet's pods carry the name with eleven characters more, in a label of 63."""
_PORT_NAME = r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_KEY = r"[-._a-zA-Z0-9]+"
_QUANTITY = r"[0-9]+(\.[0-9]+)?(m|k|[KMGTP]i|[MGTP])?"
_MACROS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_GIVEN_BY_US = ("POD_NAME", "POD_NAMESPACE")

# Source: https://github.com/distribution/reference/blob/main/reference.go
_DOMAIN = (
    r"(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*(?::[0-9]+)?/)?"
)
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = (
    rf"(?P<name>{_DOMAIN}{_PATH}(?:/{_PATH})*)(?::(?P<tag>[A-Za-z0-9_][-A-Za-z0-9_.]{{0,127}}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class SpecificationError(ValueError):
    """A value that no application can have; the text says which, why, and what would do."""


class Port(NamedTuple):
    """A port that the application listens on."""

    name: str
    number: int


class Variable(NamedTuple):
    """An environment variable: its value, or the Secret and the key in it that has it."""

    name: str
    value: str = ""
    secret: str = ""
    key: str = ""


class Volume(NamedTuple):
    """A folder to write in: a claim of its own for each pod of a StatefulSet, elsewhere gone with the pod."""

    name: str
    path: str
    size: str


class Peer(NamedTuple):
    """Whom the application asks: an application of the same namespace by its name, or addresses (CIDR)."""

    app: str
    cidr: str
    port: int


class Compute(NamedTuple):
    """Request and limit of a resource, as Kubernetes writes quantities."""

    request: str
    limit: str


CPU, MEMORY = Compute("100m", "500m"), Compute("128Mi", "512Mi")


@dataclass(frozen=True, slots=True)
class Specification:
    """What is asked for, checked. `specified` makes it."""

    app: str
    image: str
    type: Type = "deployment"
    namespace: str = "default"
    """Empty, which `specified` never makes it: none is written, for an overlay says it."""
    ports: tuple[Port, ...] = (Port("http", 8080),)
    """The first is what the Service is for and what the probes ask; empty: it answers nobody."""
    replicas: int = 2
    hpa: tuple[int, int] | None = None
    """Least and most replicas; None: as many as `replicas` says."""
    host: str = ""
    exposure: Exposure | None = None
    """None: by what the cluster serves."""
    ingress_class: str = ""
    gateway: str = ""
    """NAME, or NAMESPACE/NAME."""
    env: tuple[Variable, ...] = ()
    env_from: tuple[str, ...] = ()
    """Secrets whose every key is a variable."""
    config: tuple[tuple[str, str], ...] = ()
    """Files' names and texts, mounted in `config_path`."""
    volumes: tuple[Volume, ...] = ()
    egress: tuple[Peer, ...] = ()
    schedule: str = ""
    command: tuple[str, ...] = ()
    cpu: Compute = CPU
    memory: Compute = MEMORY
    service_monitor: bool = False
    platform: Platform | None = None
    """None: what the cluster is, else Kubernetes."""

    @property
    def http(self) -> Port:
        """The port that the Service is for."""
        return self.ports[0]

    @property
    def metrics(self) -> Port:
        """The port that is asked for metrics: the one of that name, else the first."""
        return next((port for port in self.ports if port.name == "metrics"), self.http)

    @property
    def replicas_most(self) -> int:
        """How many there are at the most, but for a rollout's surge."""
        return self.hpa[1] if self.hpa else self.replicas

    @property
    def is_pinned(self) -> bool:
        """Whether the image has its digest."""
        return "@" in self.image

    @property
    def version(self) -> str:
        """The image's tag as a label's value; empty when it has none."""
        found = re.fullmatch(_IMAGE, self.image)
        tag = (found["tag"] if found else None) or ""
        return re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", tag[:63])

    @property
    def config_path(self) -> str:
        """Where the configuration's files are mounted."""
        return f"/etc/{self.app}"


def specified(app: str, image: str = "", **given: Any) -> Specification:
    """The checked specification; what is None or empty takes the platform's default.

    `image` may be left out, or have no tag, where `version` is given: it is then APP:VERSION, or has that tag.
    The others are, as people write them: type, namespace, ports ([NAME:]NUMBER, or none), replicas, hpa (MIN:MAX),
    host, exposure, ingress_class, gateway, env (NAME=VALUE), env_from_secret (SECRET, or NAME=SECRET/KEY), config
    (file's name -> text), volumes (NAME:PATH:SIZE), egress (APP:PORT or CIDR:PORT), schedule, command, cpu and
    memory (REQUEST[:LIMIT]), service_monitor, platform. Raises `SpecificationError`.
    """
    asked = {name: value for name, value in given.items() if not _is_empty(value)}
    _refuse_unwritable({"app": app, "image": image, **asked})
    kind = _one_of("type", asked.pop("type", "deployment"), TYPES)
    image = _image(app, image, str(asked.pop("version", "")))
    _refuse_what_no_such_type_has(kind, asked)
    values: dict[str, Any] = {
        name: _READ[name](value) for name, value in asked.items() if name not in ("env_from_secret", "ports")
    }
    keyed, whole = _from_secrets(asked.get("env_from_secret", ()))
    values["env"] = (*values.get("env", ()), *keyed)
    values["ports"] = _ports(asked.get("ports", ("8080",) if kind in SERVING else ("none",)))
    if kind == "statefulset" and "volumes" not in values:
        values["volumes"] = (_volume(DEFAULT_CLAIM),)
    wanted = Specification(_app(app), image, kind, env_from=whole, **values)
    _check(wanted)
    return wanted


def _is_empty(value: object) -> bool:
    """Whether nothing was given; 0 is something."""
    return value is None or value is False or (isinstance(value, str | list | tuple | dict) and not value)


def _refuse_unwritable(asked: Mapping[str, Any]) -> None:
    """What no file can hold as text: NUL, and bytes of the command line that are no UTF-8."""
    for name, value in asked.items():
        texts = value.items() if isinstance(value, Mapping) else [_listed(value)]
        for text in (str(part) for each in texts for part in each):
            if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
                raise SpecificationError(f"{name} {_shown(text)}: this is no text.")


def _refuse_what_no_such_type_has(kind: Type, asked: Mapping[str, Any]) -> None:
    runs_on_time = "give schedule for a cronjob alone: when it runs, in cron's five fields"
    bound = {
        "schedule": (("cronjob",), runs_on_time),
        "replicas": (SCALED, f"a {kind} has no replicas: leave it out, or take type deployment"),
        "hpa": (SCALED, f"a {kind} is not scaled: leave it out, or take type deployment"),
        **dict.fromkeys(
            ("host", "service_monitor", "exposure", "ingress_class", "gateway"),
            (SERVING, f"a {kind} answers no requests: leave it out, or take type deployment"),
        ),
        "ports": (SERVING, f"a {kind} answers no requests: leave it out, or take type deployment"),
    }
    for name, value in asked.items():
        types, why = bound.get(name, (TYPES, ""))
        if kind not in types and not (name == "ports" and _is_none(value)):
            raise SpecificationError(f"{name} {_shown(value)}: {why}.")
    if kind == "cronjob" and "schedule" not in asked:
        raise SpecificationError('schedule is missing: say when the cronjob runs, as in "0 3 * * *" (UTC).')
    if "replicas" in asked and "hpa" in asked:
        raise SpecificationError("replicas and hpa: the autoscaler sets the replicas, so give one of the two.")


def _check(wanted: Specification) -> None:
    _refuse_twice("port", [port.name for port in wanted.ports], "two ports have this name")
    _refuse_twice("port", [str(port.number) for port in wanted.ports], "it is given twice")
    _refuse_twice("env", [variable.name for variable in wanted.env], "it is given twice")
    _refuse_twice("env_from_secret", wanted.env_from, "it is given twice")
    _refuse_twice("volume", [volume.name for volume in wanted.volumes], "two volumes have this name")
    mounts = [*(volume.path for volume in wanted.volumes), TMP, *([wanted.config_path] if wanted.config else [])]
    _refuse_twice("volume", mounts, "two volumes would be mounted there")
    for volume in wanted.volumes:
        if volume.name in ("tmp", "config"):
            raise SpecificationError(f"volume {volume.name}: there is one of this name already; take another name.")
    if wanted.service_monitor and not wanted.ports:
        raise SpecificationError("service_monitor: without a port there is nothing to ask for metrics.")
    _check_exposure(wanted)


def _check_exposure(wanted: Specification) -> None:
    if not wanted.host:
        for name in ("exposure", "ingress_class", "gateway"):
            if value := getattr(wanted, name):
                raise SpecificationError(f"{name} {value}: say under which host it is to be reached.")
        return
    if not wanted.ports:
        raise SpecificationError(f"host {wanted.host}: without a port nothing answers there.")
    if wanted.ingress_class and wanted.exposure not in (None, "ingress"):
        raise SpecificationError(f"ingress_class {wanted.ingress_class}: a {wanted.exposure} has none.")
    if wanted.gateway and wanted.exposure not in (None, "gateway"):
        raise SpecificationError(f"gateway {wanted.gateway}: an {wanted.exposure} has none.")
    if wanted.gateway and wanted.ingress_class:
        raise SpecificationError("ingress_class and gateway: give one of the two.")
    if wanted.exposure == "route" and wanted.host.startswith("*."):
        raise SpecificationError(f"host {wanted.host}: a Route takes no wildcard here; give one host.")


def _refuse_twice(name: str, values: Iterable[str], why: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise SpecificationError(f"{name} {value}: {why}.")
        seen.add(value)


def _app(text: str) -> str:
    if len(text) > _MOST_APP or not re.fullmatch(_APP, text):
        raise SpecificationError(
            f"app {_shown(text)} cannot be a name: small letters, digits and -, a letter first, "
            f"at most {_MOST_APP} characters."
        )
    if text in ("default", "kubernetes"):
        raise SpecificationError(f"app {text}: the cluster has objects of its own of this name. Take another one.")
    return text


def _image(app: str, text: str, version: str) -> str:
    """The image with its tag: as it is given, or of the version."""
    if not text and not version:
        raise SpecificationError(
            "image is missing: give REGISTRY/NAME:TAG, as in registry.example.com/payment-service:v3.2."
        )
    found = _parsed_image(text or app)
    if version and found["tag"] not in (None, version):
        raise SpecificationError(f"image {text} and version {_shown(version)}: the tag is another version.")
    if version and found["tag"] is None and found["digest"] is None:
        found = _parsed_image(f"{found['name']}:{version}")
    if found["digest"] is None and (found["tag"] or "latest").lower() == "latest":
        said = "has no tag, which means latest" if found["tag"] is None else f"has the tag {found['tag']}"
        raise SpecificationError(
            f"image {found[0]} {said}: nobody can tell what runs, and there is nothing to roll back to. "
            "Give the version."
        )
    return found[0]


def _parsed_image(text: str) -> re.Match[str]:
    found = re.fullmatch(_IMAGE, text) if len(text) <= _MOST_IMAGE else None
    if found is None:
        raise SpecificationError(
            f"image {_shown(text)} is no image: give REGISTRY/NAME:TAG in small letters, without spaces, as in "
            "registry.example.com/payment-service:v3.2."
        )
    return found


def _name(name: str, text: str) -> str:
    if len(text) > 253 or not re.fullmatch(_DNS_SUBDOMAIN, text):
        raise SpecificationError(
            f"{name} {_shown(text)} cannot be a name: small letters, digits, - and ., at most 253."
        )
    return text


def _namespace(text: str) -> str:
    if len(text) > 63 or not re.fullmatch(_LABEL, text):
        raise SpecificationError(
            f"namespace {_shown(text)} cannot be one: small letters, digits and -, at most 63."
        )
    return text


def _gateway(text: str) -> str:
    parts = text.split("/")
    if len(parts) > 2 or not all(re.fullmatch(_DNS_SUBDOMAIN, part) for part in parts):
        raise SpecificationError(f"gateway {_shown(text)} cannot be one: give NAME or NAMESPACE/NAME.")
    return text


def _number(name: str, text: object, least: int, most: int) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", str(text)) or not least <= int(str(text)) <= most:
        raise SpecificationError(f"{name} {_shown(text)}: give a whole number from {least} to {most}.")
    return int(str(text))


def _is_none(value: object) -> bool:
    return [str(each).lower() for each in _listed(value)] == ["none"]


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _ports(value: object) -> tuple[Port, ...]:
    if _is_none(value):
        return ()
    ports = _listed(value)
    if len(ports) > MOST_PORTS:
        raise SpecificationError(f"ports: these are {len(ports)}, more than {MOST_PORTS}.")
    return tuple(
        _port(str(each), "http" if place == 0 else f"port-{place + 1}") for place, each in enumerate(ports)
    )


def _port(text: str, usual: str) -> Port:
    name, colon, number = text.rpartition(":")
    if colon and (len(name) > 15 or not re.fullmatch(_PORT_NAME, name)):
        raise SpecificationError(
            f"port {_shown(text)}: {_shown(name)} cannot be a port's name: small letters, digits and -, at most 15."
        )
    return Port(name or usual, _number("port", number, 1, 65535))


def _hpa(text: str) -> tuple[int, int]:
    least, colon, most = str(text).partition(":")
    if not colon:
        raise SpecificationError(f"hpa {_shown(text)}: give MIN:MAX, as in 2:10.")
    numbers = _number("hpa", least, 1, MOST_REPLICAS), _number("hpa", most, 1, MOST_REPLICAS)
    if numbers[0] >= numbers[1]:
        raise SpecificationError(f"hpa {text}: the least must be below the most, as in 2:10.")
    return numbers


def _host(text: str) -> str:
    if "://" in text or "/" in text or re.search(r":[0-9]+$", text):
        raise SpecificationError(
            f"host {_shown(text)}: give the name alone, without scheme, port and path, as in pay.example.com."
        )
    name = text.removeprefix("*.")
    if (
        len(text) > 253
        or "." not in name
        or not re.fullmatch(_DNS_SUBDOMAIN, name)
        or name.rpartition(".")[2].isdigit()
    ):
        raise SpecificationError(f"host {_shown(text)} is no host's name: give one such as pay.example.com.")
    if any(len(part) > 63 for part in name.split(".")):
        raise SpecificationError(f"host {_shown(text)}: a part between dots has at most 63 characters.")
    return text


def _variables(value: Sequence[str]) -> tuple[Variable, ...]:
    return tuple(_variable(text) for text in value)


def _variable(text: str) -> Variable:
    name, is_given, value = text.partition("=")
    if not is_given:
        raise SpecificationError(f"env {_shown(text)}: give NAME=VALUE.")
    return Variable(_variable_name("env", name), value)


def _variable_name(argument: str, name: str) -> str:
    if not re.fullmatch(_VARIABLE, name):
        raise SpecificationError(
            f"{argument} {_shown(name)} cannot be a variable: letters, digits and _, as in LOG_LEVEL."
        )
    if name in _GIVEN_BY_US:
        raise SpecificationError(f"{argument} {name}: each pod is given this one already; take another name.")
    return name


def _from_secrets(value: Sequence[str]) -> tuple[tuple[Variable, ...], tuple[str, ...]]:
    """The variables that are one key of a Secret, and the Secrets that are taken whole."""
    keyed = tuple(_secret_variable(text) for text in value if "=" in text)
    return keyed, tuple(_name("env_from_secret", text) for text in value if "=" not in text)


def _secret_variable(text: str) -> Variable:
    name, _, where = text.partition("=")
    secret, slash, key = where.partition("/")
    if not slash or not re.fullmatch(_KEY, key):
        raise SpecificationError(f"env_from_secret {_shown(text)}: give SECRET, or NAME=SECRET/KEY.")
    return Variable(_variable_name("env_from_secret", name), secret=_name("env_from_secret", secret), key=key)


def _config(files: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for name, text in files.items():
        if not re.fullmatch(_KEY, name) or len(name) > 253 or name in (".", "..") or name.startswith(".."):
            raise SpecificationError(
                f"config file {_shown(name)}: letters, digits, -, _ and . alone are taken in a name."
            )
        if any(not char.isprintable() and char not in "\n\t\r" and ord(char) < 0x20 for char in text):
            raise SpecificationError(f"config file {name} is no text: bring it in by the image or a volume.")
    if sum(len(name) + len(text.encode()) for name, text in files.items()) > MOST_CONFIG_BYTES:
        raise SpecificationError("config files: together they are more than the 1 MB that a ConfigMap holds.")
    return tuple(files.items())


def _volumes(value: Sequence[str]) -> tuple[Volume, ...]:
    return tuple(_volume(text) for text in value)


def _volume(text: str) -> Volume:
    parts = text.split(":")
    if len(parts) != 3:
        raise SpecificationError(f"volume {_shown(text)}: give NAME:PATH:SIZE, as in {DEFAULT_CLAIM}.")
    name, path, size = parts
    if len(name) > 63 or not re.fullmatch(_LABEL, name):
        raise SpecificationError(
            f"volume {_shown(name)} cannot be a name: small letters, digits and -, at most 63."
        )
    if not re.match("/[^/]", path) or not path.isprintable() or posixpath.normpath(path) != path:
        raise SpecificationError(f"volume {name}: the path {_shown(path)} is no plain absolute path below /.")
    return Volume(name, path, _bounded("volume", size, LEAST_STORAGE, MOST_STORAGE, "1Mi and 1Pi"))


def _peers(value: Sequence[str]) -> tuple[Peer, ...]:
    return tuple(_peer(text) for text in value)


def _peer(text: str) -> Peer:
    from ipaddress import ip_network

    whom, colon, port = text.rpartition(":")
    if not colon or not whom:
        raise SpecificationError(f"egress {_shown(text)}: give APP:PORT or CIDR:PORT, as in postgres:5432.")
    number = _number("egress port", port, 1, 65535)
    if len(whom) <= 63 and re.fullmatch(_APP, whom):
        return Peer(whom, "", number)
    try:
        return Peer("", str(ip_network(whom.strip("[]"))), number)
    except ValueError as error:
        raise SpecificationError(
            f"egress {_shown(text)}: {_shown(whom)} is neither an application of the namespace nor a CIDR such as "
            "10.0.0.0/8. A NetworkPolicy knows no host names."
        ) from error


def _schedule(text: str) -> str:
    if text not in _MACROS and not _comes(text):
        raise SpecificationError(
            f'schedule {_shown(text)} is no time that comes: give cron\'s five fields, as in "0 3 * * *" (UTC).'
        )
    return " ".join(text.split())


def _comes(schedule: str) -> bool:
    """Whether cron's five fields are right, and the time is one that comes: 30 February does not."""
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(schedule, datetime.now(UTC)))
    except (CronSimError, StopIteration):
        return False
    return len(schedule.split()) == 5


def _command(value: str | Sequence[str]) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(value)) if isinstance(value, str) else tuple(value)
    except ValueError as error:
        raise SpecificationError(f"command {_shown(value)}: a quote is not closed.") from error
    if not words or not words[0] or any("\0" in word for word in words):
        raise SpecificationError(f"command {_shown(value)}: give the program and its arguments.")
    return words


def _compute(name: str, usual: Compute, least: Decimal, most: Decimal, said: str, text: str) -> Compute:
    """A request alone keeps the usual limit, unless it is above it."""
    request, colon, limit = str(text).partition(":")
    request = _bounded(name, request, least, most, said)
    if not colon:
        limit = usual.limit if quantity.parse(request) <= quantity.parse(usual.limit) else request
    limit = _bounded(name, limit, least, most, said)
    if quantity.parse(request) > quantity.parse(limit):
        raise SpecificationError(f"{name} {text}: the limit {limit} is below the request {request}.")
    return Compute(request, limit)


def _bounded(name: str, text: str, least: Decimal, most: Decimal, said: str) -> str:
    if re.fullmatch(r"[0-9.]+\s*[KMGTP]i?[bB]", text):
        raise SpecificationError(f"{name} {_shown(text)} is no quantity of Kubernetes': write Mi, Gi, without B.")
    if not re.fullmatch(_QUANTITY, text):
        example = "500m or 2" if name == "cpu" else "512Mi or 2Gi"
        raise SpecificationError(f"{name} {_shown(text)} is no quantity: give one such as {example}.")
    if not least <= quantity.parse(text) <= most:
        raise SpecificationError(f"{name} {text} is out of bounds: give between {said}.")
    return text


def _one_of(name: str, value: Any, known: Sequence[Any]) -> Any:
    if value not in known:
        raise SpecificationError(f"{name} {_shown(value)} does not exist: take {', '.join(known)}.")
    return value


def _shown(value: object) -> str:
    """A value in a message: whole where it is short, and nothing in it that a terminal would obey."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


_READ: Mapping[str, Callable[[Any], Any]] = {
    "namespace": _namespace,
    "replicas": partial(_number, "replicas", least=1, most=MOST_REPLICAS),
    "hpa": _hpa,
    "host": _host,
    "exposure": partial(_one_of, "exposure", known=get_args(Exposure)),
    "ingress_class": partial(_name, "ingress_class"),
    "gateway": _gateway,
    "env": _variables,
    "config": _config,
    "volumes": _volumes,
    "egress": _peers,
    "schedule": _schedule,
    "command": _command,
    "cpu": partial(_compute, "cpu", CPU, LEAST_CPU, MOST_CPU, "1m and 1000"),
    "memory": partial(_compute, "memory", MEMORY, LEAST_MEMORY, MOST_MEMORY, "4Mi and 16Ti"),
    "service_monitor": bool,
    "platform": partial(_one_of, "platform", known=get_args(Platform)),
}
