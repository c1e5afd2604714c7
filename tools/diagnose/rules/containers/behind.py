"""From the line of a log, or the runtime's complaint, to the object that brings it about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from tools.diagnose.facts import covers, hosts, values
from tools.diagnose.facts.containers import Container, parse_time
from tools.diagnose.facts.covers import Cover
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, quoted, said, typed
from tools.diagnose.facts.references import Missing
from tools.diagnose.facts.remedies import by_tool, patched, restarted, template_patched, then_restarted
from tools.diagnose.facts.roots import Root
from tools.diagnose.facts.service_pods import ports_of
from tools.diagnose.facts.values import Value
from tools.diagnose.logs.context import service_called
from tools.diagnose.logs.errors import LogError, subjects
from tools.diagnose.reading.decoding import Shape
from tools.diagnose.reading.snapshot import Question
from tools.diagnose.rules.containers.absent_sources import create_command
from tools.diagnose.rules.containers.kept_apart import kept_apart
from tools.diagnose.terms import Evidence, Json, ObjectRef, Remedy, Risk, Snapshot
from tools.plaintext import one_line


class Symptom(msgspec.Struct, frozen=True):
    """What a container says of its trouble: the kind of error, where it is a known one, and the lines around it.

    `message` is the runtime's, of a container that could not be started.
    """

    container: Container
    snapshot: Snapshot
    error: LogError | None = None
    lines: tuple[str, ...] = ()
    message: str = ""


_TOKEN = re.compile(
    rf"{re.escape(covers.TOKEN_AT)}|\bservice ?account/(?:token|ca\.crt|namespace)"
    r"|service token file does not exist",
    re.IGNORECASE,
)
_NOT_STARTED = re.compile(
    r'exec: "(?P<program>[^"]+)": (?:stat (?P<path>/\S+): )?'
    r"(?P<why>no such file or directory|executable file not found in \$PATH|permission denied)"
)
_LINK = re.compile(r"\b(?:tcp|udp|sctp)://(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}\b", re.IGNORECASE)
_NOT_ANSWERED = re.compile(r"EAI_AGAIN|temporary failure|try again|timed? ?out|server misbehaving", re.IGNORECASE)
_WITH_PORT = re.compile(r":\d{1,5}$")
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
_SHELL_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_OF_CREDENTIALS = re.compile(
    r"password|passwd|secret|token|credential|unauthori[sz]ed|authenticat|\b401\b|\b403\b|api.?key|access denied"
    r"|invalid header|invalid character|illegal|malformed|bad request|signature|base64|invalid (?:value|url|port)",
    re.IGNORECASE,
)
_PROGRAM = re.compile(r"\.(?:js|mjs|cjs|ts|py|rb|php|jar|war|pl|sh|dll|exe|so)$|/bin/[^/]+$|^[^.]*$", re.IGNORECASE)
_EMPTY: Shape = "is empty"
_PORT_DIGITS = 4
"""A shorter number is part of too many others to say where it was given."""
_UNANSWERED = ("connection refused", "timeout")
_UNREACHED_KINDS = ("unknown host", "cluster DNS not asked")
_STALE_KINDS = (
    *("login refused", "permission lacking", "unknown host", "connection refused", "timeout"),
    *("missing variable", "untrusted certificate"),
)
_SECRETS_AT_MOST = 4
_NAME_CHARS = 120


def behind(symptom: Symptom) -> Root | None:
    """What brings it about, the surest first; None where the log and the objects do not tell."""
    return next((root for find in _FINDERS if (root := find(symptom)) is not None), None)


def _token(this: Symptom) -> Root | None:
    """The token of the service account is not mounted, for the pod or its account says so."""
    told = next((line for line in this.lines if _TOKEN.search(line)), None)
    if told is None or covers.mounts_token(this.container):
        return None
    spec, owner = this.container.pod["spec"], this.container.owner
    account = ObjectRef(
        "v1", "ServiceAccount", this.snapshot.namespace, str(spec.get("serviceAccountName") or "default")
    )
    in_template = template_patched(owner, "Mount it into these pods", {"automountServiceAccountToken": True})
    why = (
        "A pod has the token of its service account unless automountServiceAccountToken is false in the pod's "
        "specification or, where that says nothing, in the ServiceAccount."
    )
    if (own := spec.get("automountServiceAccountToken")) is not None:
        return (
            None
            if own
            else Root(
                owner,
                f"automountServiceAccountToken is false in {said(owner)}: it gets no token",
                why,
                (in_template,),
            )
        )
    found = values.config_json(this.snapshot.ask(Question("serviceaccounts", account.namespace, account.name)))
    if found.get("automountServiceAccountToken") is not False:
        return None
    return Root(
        account,
        f"{said(account)} has automountServiceAccountToken: false, so that the pod gets no token",
        why,
        (
            in_template,
            patched(account, "Or for all pods of the account", {"automountServiceAccountToken": True}, merge=True),
        ),
        (Evidence("spec", said(account), "automountServiceAccountToken: false"),),
    )


def _path(this: Symptom) -> tuple[str, bool] | None:
    """The path that is missing or may not be used, and whether it is there and may not be."""
    if match := _NOT_STARTED.search(this.message):
        return match["path"] or match["program"], match["why"] == "permission denied"
    if this.error is None or this.error.kind not in (
        *("missing file", "missing module", "missing command"),
        "permission denied",
    ):
        return None
    return this.error.subject, this.error.kind == "permission denied"


def _hidden(this: Symptom) -> Root | None:
    """A volume over what the image has there."""
    found = _path(this)
    if found is None or found[1]:
        return None
    path = found[0]
    cover = covers.cover_of(path, this.container) or _over_search_path(path, this)
    if cover is None or covers.fills(cover.name, this.container) or not _is_of_the_image(path, cover, this):
        return None
    owner, at = this.container.owner, cover.at
    hides = path if path.startswith("/") else f"the programs there, {path} among them,"
    return Root(
        owner,
        f"{cover.said} is mounted over {at} and hides what the image has there: {hides}",
        "A volume that is mounted at a directory covers all that the image has in it, also where the volume is "
        "empty. A single file is mounted by subPath, and covers nothing else.",
        (edit(owner, f"Mount {cover.said} at a directory of its own, not at {at}"),),
        (Evidence("spec", said(owner), one_line(f"volumeMounts: {cover.name} at {at}; {cover.said}")),),
    )


def _over_search_path(program: str, this: Symptom) -> Cover | None:
    """The mount over a directory of PATH, for a program that is not found by its name alone."""
    if "/" in program or not program:
        return None
    found = (covers.cover_of(f"{each}/{program}", this.container) for each in covers.PATH_DIRECTORIES)
    return next((each for each in found if each is not None), None)


def _is_of_the_image(path: str, cover: Cover, this: Symptom) -> bool:
    """An emptyDir brings nothing, so whatever is missed in it is the image's; of others only what is a program."""
    if cover.mount.get("subPath") or cover.mount.get("subPathExpr"):
        return False
    if cover.kind == "emptyDir":
        return True
    return bool(this.message or _PROGRAM.search(path)) and cover.at not in ("/data", "/var/lib")


def _mode(this: Symptom) -> Root | None:
    """A file of a volume that its user may not read, or that nobody may run."""
    found = _path(this)
    if found is None or not found[1] or (cover := covers.cover_of(found[0], this.container)) is None:
        return None
    if cover.kind in ("configMap", "secret", "projected"):
        return _mode_of_file(found[0], cover, this)
    user, group = covers.user_of(this.container), covers.group_of(this.container)
    if user == 0 or this.message:
        return None
    return (
        _of_host(cover, user, group, this) if cover.kind == "hostPath" else _without_group(cover, user, group, this)
    )


def _mode_of_file(path: str, cover: Cover, this: Symptom) -> Root | None:
    owner, mode = this.container.owner, cover.mode(path)
    user, group = covers.user_of(this.container), covers.group_of(this.container)
    if mode is None:
        return None
    volume = {"name": cover.name, cover.kind: {"defaultMode": 0o755 if this.message else 0o444}}
    if this.message and not covers.may_run(mode):
        return Root(
            owner,
            f"{path} is a file of {cover.said}, mounted with mode {covers.octal(mode)}: nobody may execute it",
            "The kubelet writes the files of ConfigMaps and Secrets with the volume's defaultMode, 0644 unless it "
            "says otherwise; a program needs an x bit.",
            (template_patched(owner, "Mount it with defaultMode 0755", {"volumes": [volume]}),),
            (Evidence("spec", said(owner), f"volume {cover.name}: mode {covers.octal(mode)}"),),
        )
    if user == 0 or covers.may_read(mode, in_group=group is not None):
        return None
    runs = "" if user is None else f", and the container runs as user {user}"
    by_group = (
        [template_patched(owner, f"Set fsGroup {user}, which makes it readable for the group", _fs_group(user))]
        if user
        else []
    )
    return Root(
        owner,
        f"{path} is of {cover.said}, mounted with mode {covers.octal(mode)} and owned by root{runs}",
        "The files of ConfigMaps and Secrets belong to root, with the mode that the volume gives (defaultMode). "
        "With securityContext.fsGroup they belong to that group, which may read them.",
        (
            *by_group,
            template_patched(
                owner,
                "Or mount it with defaultMode 0444" if by_group else "Mount it with defaultMode 0444",
                {"volumes": [volume]},
            ),
        ),
        (Evidence("spec", said(owner), f"volume {cover.name}: mode {covers.octal(mode)}; fsGroup is not set"),),
    )


def _fs_group(user: int | None) -> Json:
    return {"securityContext": {"fsGroup": user}}


def _of_host(cover: Cover, user: int | None, group: int | None, this: Symptom) -> Root:
    owner = this.container.owner
    runs = "" if user is None else f", the container runs as user {user}"
    no_use = f", and fsGroup {group} has no effect on a hostPath" if group is not None else ""
    return Root(
        owner,
        f"{cover.said} keeps the owner and mode that it has on the node{runs}{no_use}",
        "fsGroup changes the owner of volumes that Kubernetes manages. A hostPath stays as the node has it: mostly "
        "root's, with mode 0755.",
        (
            edit(
                owner,
                f"Let an init container that runs as root change the owner of {cover.at}, or take another volume",
            ),
        ),
        (Evidence("spec", said(owner), one_line(f"{cover.said} at {cover.at}; fsGroup: {group}")),),
    )


def _without_group(cover: Cover, user: int | None, group: int | None, this: Symptom) -> Root | None:
    if group is not None or cover.kind not in ("persistentVolumeClaim", "other") or cover.mount.get("readOnly"):
        return None
    owner = this.container.owner
    runs = "" if user is None else f", and the container runs as user {user}"
    wanted = user or 1000
    return Root(
        owner,
        f"{cover.said}, mounted at {cover.at}, belongs to root{runs}; no fsGroup is set",
        "A new volume belongs to root. With securityContext.fsGroup the kubelet gives it to that group, and the "
        "container's processes are members of it.",
        (template_patched(owner, f"Set fsGroup {wanted}", _fs_group(wanted)),)
        if user
        else (edit(owner, "Set securityContext.fsGroup to the group that the image's user has"),),
        (Evidence("spec", said(owner), one_line(f"{cover.said} at {cover.at}; fsGroup is not set")),),
    )


def _link(this: Symptom) -> Root | None:
    """A variable that Kubernetes makes for a Service, taken for a setting of the application."""
    if this.error is not None and this.error.kind in (*_UNREACHED_KINDS, "connection refused", "timeout"):
        return None
    if this.container.pod["spec"].get("enableServiceLinks") is False:
        return None
    known, ports = values.links(this.snapshot), values.linked_ports(this.snapshot)
    own = {each.name for each in values.written(this.container, this.snapshot)}
    for line in this.lines:
        of_urls = [ports.get(match[0].lower()) for match in _LINK.finditer(line)]
        of_names = [known.get(name) for name in _VARIABLE.findall(line) if "_SERVICE_" not in name]
        for value in (*of_urls, *of_names):
            if value is not None and value.name not in own:
                return _linked(value, this)
    return None


def _linked(value: Value, this: Symptom) -> Root:
    owner, service = this.container.owner, value.ref
    return Root(
        owner,
        f"env {value.name} is {value.text}: Kubernetes sets it in every pod for {said(service)} of the namespace "
        "(service links), and the application takes it for its own setting",
        "For each Service of its namespace a pod gets variables in the manner of Docker links: NAME_PORT holds "
        "tcp://ADDRESS:PORT. A setting of the application with the same name is then filled with that.",
        (
            template_patched(owner, "Do without these variables", {"enableServiceLinks": False}),
            edit(owner, f"Or set {value.name} in the container's env, which wins"),
        ),
        (Evidence("spec", said(service), f"makes {value.name}={value.text}"),),
    )


def _reference(this: Symptom) -> Root | None:
    """`$(NAME)` that Kubernetes leaves as it is, for the variable comes later or is not there."""
    owner = this.container.owner
    for value, name, later in values.unexpanded(this.container, this.snapshot):
        literal = f"$({name})"
        if not any(literal in line for line in this.lines):
            continue
        reason = f"env {name} is set after it" if later else f"its env does not set {name}"
        return Root(
            owner,
            f"{value.said} holds {literal}, which stays as it is written: {reason}",
            "Kubernetes puts the value of an earlier variable of the same container in for $(NAME); where there is "
            "none before it, the text stays as it is.",
            (
                edit(
                    owner,
                    f"Set {name} in env before {value.name}" if later else f"Set {name} in the container's env",
                ),
            ),
            (Evidence("spec", said(owner), f"{value.said} holds {literal}"),),
        )
    return _of_a_shell(this)


def _of_a_shell(this: Symptom) -> Root | None:
    """`${NAME}` in a value: a shell would expand it, Kubernetes does not."""
    owner = this.container.owner
    for value in values.written(this.container, this.snapshot):
        for match in _SHELL_REFERENCE.finditer(value.text or ""):
            if match[0].startswith("${") and any(match[0] in line for line in this.lines):
                return Root(
                    owner,
                    f"env {value.name} holds {match[0]}, which no shell expands: Kubernetes knows $({match[1]})",
                    "No shell reads the values of env; Kubernetes puts an earlier variable in for $(NAME) only.",
                    (edit(owner, f"Write $({match[1]}) in env {value.name}, and set {match[1]} before it"),),
                    (Evidence("spec", said(owner), f"env {value.name} holds {match[0]}"),),
                )
    return None


def _host(this: Symptom) -> Root | None:
    """A name that leads nowhere, and where it was given."""
    if this.error is None or this.error.kind != "unknown host":
        return None
    host = _asked_host(this)
    lead = hosts.dead_end(host, this.snapshot) if host else None
    if lead is None:
        return _written_wrong(host, this)
    given = values.holding(host, this.container, this.snapshot)
    if lead.object is not None:
        where = f" ({given.said})" if given and given.origin != "command" else ""
        return Root(
            lead.object,
            f"{lead.said}{where}",
            lead.why,
            (*lead.remedies, *_renamed(host, lead.instead, given, this)),
        )
    owner = given.ref if given else this.container.owner
    where = f"; it is in {given.said}" if given else ""
    return Root(
        owner,
        f"{lead.said}{where}",
        lead.why,
        _renamed(host, lead.instead, given, this) or (edit(owner, "Correct the host's name"),),
        (Evidence("spec", said(owner), one_line(f"{given.said}: {host}")),) if given else (),
    )


def _written_wrong(host: str, this: Symptom) -> Root | None:
    """A name that DNS says nobody has, where a ConfigMap holds it; not where DNS may only not have answered."""
    is_here = this.snapshot.named("Service", host.partition(".")[0]) is not None
    if not host or is_here or any(_NOT_ANSWERED.search(line) for line in this.lines):
        return None
    given = values.holding(host, this.container, this.snapshot)
    if given is None or given.origin not in ("ConfigMap", "file"):
        return None
    bare = "" if "." in host else f"no Service of this namespace is called {host}; "
    owner = this.container.owner
    return Root(
        given.ref,
        f"{bare}it is in {given.said}",
        "The DNS that the pod asks knows no host of that name.",
        (
            Remedy(
                "Correct the host's name, and start the pods anew",
                f"kubectl edit {typed(given.ref)}{then_restarted(owner)}",
                "change",
            ),
        ),
        (Evidence("spec", said(given.ref), one_line(f"{given.said}: {host}")),),
    )


def _asked_host(this: Symptom) -> str:
    """Which of the words that may be the host is one: a Service, else what the container was given, else a name."""
    found = [_WITH_PORT.sub("", each) for each in subjects("unknown host", this.lines)]
    services = [each for each in found if this.snapshot.named("Service", each.partition(".")[0])]
    if services:
        return services[0]
    written = [each for each in found if _is_written(each, this)]
    if written:
        return written[0]
    return next((each for each in found if "." in each or "-" in each), found[0] if found else "")


def _is_written(text: str, this: Symptom) -> bool:
    held = (value.text or "" for value in values.written(this.container, this.snapshot))
    words = (str(word) for field in ("command", "args") for word in this.container.spec.get(field) or ())
    return any(re.search(rf"(?<![\w.-]){re.escape(text)}(?![\w-])", each) for each in (*held, *words))


def _renamed(host: str, instead: str, given: Value | None, this: Symptom) -> tuple[Remedy, ...]:
    """The right name, where the wrong one is written."""
    if not instead or given is None:
        return ()
    owner, container = this.container.owner, this.container
    title = f"Write {instead} in place of {host}"
    if given.origin in ("ConfigMap", "file"):
        change = quoted(f"s|{re.escape(host)}|{instead}|g")
        command = (
            f"kubectl get {typed(given.ref)} -o yaml | sed {change} | kubectl apply -f -{then_restarted(owner)}"
        )
        return (Remedy(f"{title} in {given.said}", command, "change"),)
    text = given.text or ""
    if (
        given.origin != "env"
        or host not in text
        or "@" in text
        or owner.kind not in TEMPLATE_KINDS
        or container.init
    ):
        return (edit(owner, title),)
    variables = {given.name: text.replace(host, instead)}
    assignment = quoted(f"{given.name}={variables[given.name]}")
    command = f"kubectl set env {typed(owner)} -c {container.name} {assignment}"
    by_hand = Remedy(title, command, "change")
    return (by_tool(by_hand, "set_env", owner, container=container.name, variables=variables),)


def _shape(this: Symptom) -> Root | None:
    """A value that is not what its writer meant: a newline at its end, quotes, base64 twice."""
    if not any(_OF_CREDENTIALS.search(line) for line in this.lines) and (
        this.error is None or this.error.kind not in ("login refused", *_UNREACHED_KINDS)
    ):
        return None
    for value in _suspects(this):
        answer = values.config_json(values.look_at(value.ref, this.snapshot))
        shape = (answer.get("shapes") or {}).get(value.key)
        if shape:
            return _misshapen(value, shape, this)
    return None


def _empty(this: Symptom) -> Root | None:
    """A variable that is said to be missing, and is there: its ConfigMap or Secret has nothing under its key."""
    if this.error is None or this.error.kind != "missing variable":
        return None
    value = values.given(this.container, this.snapshot).get(this.error.subject)
    if value is None or value.origin not in ("ConfigMap", "Secret"):
        return None
    answer = values.config_json(values.look_at(value.ref, this.snapshot))
    if (answer.get("shapes") or {}).get(value.key) != _EMPTY:
        return None
    owner = this.container.owner
    risk: Risk = "secret" if value.origin == "Secret" else "change"
    return Root(
        value.ref,
        f"{value.said}, and that value {_EMPTY}",
        "A key without a value gives a variable without one, which most programs take for one that is not set.",
        (
            Remedy(
                f"Give key {value.key} its value, and start the pods anew",
                f"kubectl edit {typed(value.ref)}{then_restarted(owner)}",
                risk,
            ),
        ),
        (Evidence("spec", said(value.ref), f"the value of key {value.key} {_EMPTY}"),),
    )


def _port(this: Symptom) -> Root | None:
    """A port that the Service does not have, and where it was given."""
    called = service_called(this.error, this.snapshot) if this.error and this.error.kind in _UNANSWERED else None
    if called is None or called[1] is None:
        return None
    service, asked = called
    ports = [each.get("port") for each in ports_of(service)]
    given = values.holding(str(asked), this.container, this.snapshot)
    if not ports or asked in ports or given is None or given.origin in ("command", "link"):
        return None
    if len(str(asked)) < _PORT_DIGITS:
        return None
    where, right = f"Service {service['metadata']['name']}", str(ports[0]) if len(ports) == 1 else ""
    return Root(
        given.ref,
        f"{where} has port {', '.join(map(str, ports))}, not {asked}; it is in {given.said}",
        "A Service answers on the ports of its own that it names, and on no other.",
        _renamed(str(asked), right, given, this) or (edit(this.container.owner, "Correct the port"),),
        (Evidence("spec", said(given.ref), one_line(f"{given.said}: {asked}")),),
    )


def _suspects(this: Symptom) -> Iterator[Value]:
    """The keyed values of env, those first whose names are in the line; then what envFrom brings, by its keys."""
    own = [each for each in values.written(this.container, this.snapshot) if each.origin in ("Secret", "ConfigMap")]
    refs = list(dict.fromkeys(each.ref for each in own))[:_SECRETS_AT_MOST]
    yield from (each for each in own if each.ref in refs)
    for ref in values.sources(this.container, this.snapshot)[:_SECRETS_AT_MOST]:
        if ref in refs:
            continue
        answer = values.config_json(values.look_at(ref, this.snapshot))
        for key in answer.get("shapes") or ():
            yield values.Value("Secret" if ref.kind == "Secret" else "ConfigMap", key, None, ref, key)


def _misshapen(value: Value, shape: str, this: Symptom) -> Root:
    owner, ref = this.container.owner, value.ref
    command = create_command(
        Missing("Secret" if ref.kind == "Secret" else "ConfigMap", ref.name, value.key),
        ref.namespace or "",
        [value.key],
    )
    return Root(
        ref,
        f"{value.said}, and that value {shape}",
        "Every byte of a value counts. `echo` ends its output with a newline unless it is given -n, and base64 "
        "keeps it; what is in `data` is encoded once, and `stringData` not at all.",
        (
            Remedy(
                f"Write key {value.key} anew, from a file without that (printf %s, not echo); start the pods anew",
                f"{command}{then_restarted(owner)}",
                "secret" if ref.kind == "Secret" else "change",
            ),
        ),
        (Evidence("spec", said(ref), f"the value of key {value.key} {shape} (the value itself is not shown)"),),
    )


def _stale(this: Symptom) -> Root | None:
    """A ConfigMap or Secret that was changed after the container had read it."""
    started = parse_time(this.container.running.get("startedAt"))
    if started is None or (this.error is not None and this.error.kind not in _STALE_KINDS):
        return None
    once = values.sources(this.container, this.snapshot)
    by_file = [
        each for each in values.mounted_sources(this.container, this.snapshot, sub_path=True) if each not in once
    ]
    for ref in (*once, *by_file):
        found = values.config_json(values.look_at(ref, this.snapshot))
        changed, made = (
            parse_time(found.get("changed")),
            parse_time((found.get("metadata") or {}).get("creationTimestamp")),
        )
        if changed is None or changed <= started or (made is not None and made > started and ref in once):
            continue
        return _restarted(ref, str(found["changed"]), by_file=ref in by_file, this=this)
    return None


def _restarted(ref: ObjectRef, changed: str, *, by_file: bool, this: Symptom) -> Root:
    owner, started = this.container.owner, this.container.running.get("startedAt")
    how = "a file mounted by subPath is never renewed" if by_file else "env is read only once"
    return Root(
        owner,
        f"{said(ref)} was changed at {changed}, after the container started at {started}, and {how}",
        "Variables from ConfigMaps and Secrets are read when a container starts, and files mounted by subPath are "
        "put in place then: what is changed later comes with the next start.",
        (restarted(owner, "Start its pods anew, which then read it"),),
        (Evidence("spec", said(ref), f"changed at {changed}"),),
    )


def _apart(this: Symptom) -> Root | None:
    return kept_apart(this.container, this.error, this.lines, this.snapshot)


_FINDERS: tuple[Callable[[Symptom], Root | None], ...] = (
    _token,
    _hidden,
    _mode,
    _reference,
    _link,
    _host,
    _port,
    _empty,
    _apart,
    _stale,
    _shape,
)
