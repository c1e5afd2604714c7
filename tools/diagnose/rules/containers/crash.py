"""CrashLoopBackOff: a container ends again and again, and the kubelet waits longer each time.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from tools.diagnose import timing
from tools.diagnose.facts import commands, hooks
from tools.diagnose.facts.crashes import Crash, crashes
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.exits import meaning
from tools.diagnose.facts.naming import about_owner, about_pod, event_said, pod_names, subject_of
from tools.diagnose.facts.remedies import container_patched, log_read, template_patched
from tools.diagnose.facts.roots import Root, rooted
from tools.diagnose.logs.context import answered_by, configmap_of, dns_policy_for
from tools.diagnose.logs.error_kinds import ErrorKind
from tools.diagnose.logs.errors import LogError
from tools.diagnose.rules.containers.behind import Symptom, behind
from tools.diagnose.rules.containers.kept_apart import NETWORK_POLICY_BLOCKS_EGRESS
from tools.diagnose.rules.containers.unreached import cause_elsewhere
from tools.diagnose.terms import Cause, Evidence, Finding, Known, Remedy, Rule, Snapshot
from tools.plaintext import one_line

CRASH_LOOP_BACK_OFF = Cause(
    "CrashLoopBackOff",
    topic="debugging",
    means="A container ends again and again, or cannot be started, and the kubelet waits longer each time.",
    why=(
        "The program ends: with an error of its own, because its command or a file is missing, by a signal, "
        "or with exit code 0 because its work is done. The kubelet starts it anew after 10 s, 20 s, 40 s and "
        "so on up to 5 minutes, and forgets that once it has run for 10 minutes."
    ),
    mend=(
        "Read the log of the run that failed (kubectl logs --previous): its last lines nearly always say why. "
        "Exit code 126 and 127 are about the command, 137 is SIGKILL, 139 a segmentation fault, 143 SIGTERM."
    ),
    example=(
        "container app of Deployment shop ends with exit code 1 (an application error); its log says "
        '"dial tcp 10.96.0.7:5433: connect: connection refused" (Service db has port 5432, not 5433)'
    ),
    source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts",
    called=r"\bcrash ?loop\w*",
)

_OTHER_CPU = re.compile(r"exec format error")
_NOT_ALLOWED = re.compile(r"permission denied|is a directory")
_EDITED: tuple[ErrorKind, ...] = (
    "address in use",
    "low port",
    "read-only file system",
    "no space left",
    "missing variable",
    "missing file",
    "missing interpreter",
    "missing command",
    "permission denied",
    "unknown host",
    "out of memory",
    "wrong architecture",
)
"""What is mended in the workload itself."""
_HOOK_CHARS = 120
_STOPPED_CODES = (0, 137, 143)
_SIGNALLED_CODES = (134, 137, 139, 143)
_START_MESSAGE = re.compile(r"(exec: .*?|starting container process caused: .*?)(: unknown)?$")
_NOT_ENTERED = re.compile(r"(?:mkdir [^:]+|chdir to cwd \([^)]*\) set in config\.json failed): ([a-z ]+)")


def crash_loop(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Containers that end by themselves, or cannot start, where the cause is not found elsewhere."""
    found = [each for each in crashes(snapshot) if cause_elsewhere(each, snapshot) is None]
    return [_judged(each, snapshot) for each in found]


def _judged(this: Crash, snapshot: Snapshot) -> Finding:
    root = behind(Symptom(this.container, snapshot, this.error, this.lines, this.ended.message))
    if root is not None:
        return _rooted(this, root)
    return timing.so_far(_finding(this), _answered_by(this, snapshot), snapshot)


def _answered_by(this: Crash, snapshot: Snapshot) -> datetime | None:
    """Until when what it calls may only be starting; None where it is not that."""
    return answered_by(this.error, snapshot) if this.error is not None else None


def _rooted(this: Crash, root: Root) -> Finding:
    """The finding on what lies behind it."""
    this = replace(this, context=root.said)
    found = _finding(this)
    said = f"{found.detail}: {root.said}" if this.never_started else found.detail
    return rooted(replace(found, detail=said), root, () if this.never_started else (_logs(this),))


def _finding(this: Crash) -> Finding:
    return Finding(
        cause=CRASH_LOOP_BACK_OFF,
        object=this.container.owner,
        container=this.container.name,
        affected=pod_names(this.group),
        subject=subject_of(this.container),
        detail=f"{_what(this)}",
        why=_why(this),
        evidence=tuple(_evidence(this)),
        remedies=tuple(_remedies(this)),
    )


def _what(this: Crash) -> str:
    if this.hook is not None:
        command = one_line(hooks.post_start(this.container), _HOOK_CHARS)
        return f"is killed because its postStart hook fails: {command}{_code_said(this)}"
    if this.never_started:
        one_word = ", for its command is one word" if _unsplit(this) else ""
        return f"cannot start: {_bad_directory(this) or _start_message(this.ended.message)}{one_word}"
    if this.ended.exit_code is None:
        return "crashes again and again; the cluster does not say with which exit code"
    code = f"exit code {this.ended.exit_code} ({meaning(this.ended.exit_code)})"
    return f"ends with {code}{_log_said(this)}{_hook_said(this)}"


def _code_said(this: Crash) -> str:
    return "" if this.ended.exit_code is None else f" (exit code {this.ended.exit_code})"


def _hook_said(this: Crash) -> str:
    """No event says so, and it may be: a hook that fails ends its container from outside."""
    hook = one_line(hooks.post_start(this.container), _HOOK_CHARS)
    if not hook or this.ended.exit_code not in _STOPPED_CODES:
        return ""
    return f"; it has a postStart hook, whose failure would end it: {hook}"


def _log_said(this: Crash) -> str:
    if this.line is None:
        return ""
    context = f" ({this.context})" if this.context else ""
    return f'; its log says "{this.line}"{context}' if this.line else "; its log is empty"


def _start_message(message: str) -> str:
    plain = one_line(message)
    match = _START_MESSAGE.search(plain)
    return match[1] if match else plain or "the container runtime does not say why"


def _unsplit(this: Crash) -> tuple[Literal["command", "args"], list[str]] | None:
    """Its command as it is meant, where it was written as one word."""
    return commands.unsplit(this.container, this.ended.message) if this.never_started else None


def _bad_directory(this: Crash) -> str:
    """What the container runtime says of a workingDir that it cannot enter; empty when that is not the fault."""
    directory = this.container.spec.get("workingDir")
    match = _NOT_ENTERED.search(this.ended.message) if directory else None
    return f"its workingDir {one_line(str(directory), _HOOK_CHARS)}: {match[1]}" if match else ""


def _why(this: Crash) -> str:
    if this.hook is not None:
        return (
            "A postStart hook runs beside the container's command, and when it fails the kubelet kills the "
            "container. What the hook printed is in no log: the kubelet keeps only that it failed."
        )
    if this.never_started and _bad_directory(this):
        return (
            "The container runtime makes the working directory where it is missing, and starts the command there."
        )
    if _unsplit(this):
        return commands.ONE_WORD
    if this.never_started:
        return _why_not_started(this.ended.message)
    if this.error is not None and this.ended.exit_code not in _SIGNALLED_CODES:
        return this.error.why
    if this.not_runnable:
        return _why_not_started("")
    return _why_of_code(this.ended.exit_code)


def _why_not_started(message: str) -> str:
    if _OTHER_CPU.search(message):
        return (
            "The program was built for another kind of CPU than the node's, mostly arm64 for amd64 or the reverse."
        )
    if _NOT_ALLOWED.search(message):
        return (
            "The file exists and cannot be executed: it lacks the x bit, it is a directory, or the container's "
            "user may not run it."
        )
    return (
        "The container's command does not exist in its image, or cannot be executed there: a wrong path, "
        "a missing shell, a file without the x bit, or an image without that program."
    )


def _why_of_code(exit_code: int | None) -> str:
    match exit_code:
        case 0:
            return (
                "A container that is always restarted must keep running. This one's command ends by itself: "
                "it belongs in a Job, or its server runs in the background."
            )
        case 137:
            return (
                "Something outside killed it: a probe, a grace period that was too short, or the node. The "
                "kernel's memory killer would be reported as OOMKilled."
            )
        case 134:
            return (
                "The program ended itself with abort(): an assertion or a fatal error of its runtime or allocator."
            )
        case 139:
            return "It touched memory that is not its own: a bug in native code, or an image for another CPU."
        case 143:
            return "It was asked to stop and did. Something stops it again and again: a probe, a script, itself."
        case _:
            return (
                "The application itself gives up, and its log says why. Where the pod's restartPolicy says "
                "so, the kubelet starts it again, after 10 s, 20 s, 40 s and so on up to 5 minutes."
            )


def _evidence(this: Crash) -> list[Evidence]:
    container, pod = this.container, this.container.pod
    evidence = [about_pod("status", pod, _status(this))]
    if this.line and not this.never_started:
        evidence.append(about_pod("log", pod, this.line))
    if this.hook is not None and this.hook.get("reason"):
        evidence.append(about_pod("event", pod, event_said(this.hook)))
    if command := commands.given(container):
        evidence.append(about_owner("spec", container.owner, command))
    return evidence


def _status(this: Crash) -> str:
    ended = this.ended
    code = "unknown" if ended.exit_code is None else ended.exit_code
    message = f": {ended.message}" if ended.message else ""
    reason = f" ({ended.reason})" if ended.reason else ""
    return (
        f"container {this.container.name} ended with exit code {code}{reason}, "
        f"restarts: {this.container.restarts}{message}"
    )


def _logs(this: Crash) -> Remedy:
    ended = bool(this.container.last_terminated)
    return log_read(this.container, "Read what the run that failed said", previous=ended)


def _remedies(this: Crash) -> list[Remedy]:
    logs = _logs(this)
    if this.hook is not None:
        return [_edit("Correct the postStart hook, or do its work in the container's command", this), logs]
    if this.error is not None and not this.never_started:
        return _mended(this.error, this, logs)
    if this.never_started and _bad_directory(this):
        return [_edit("Correct the workingDir, or the rights of the container's user there", this)]
    if unsplit := _unsplit(this):
        return [_split(*unsplit, this)]
    if this.not_runnable:
        return [_edit("Correct the command, or take an image that has it", this)]
    if this.ended.exit_code == 0:
        return [_edit("Give it a command that keeps running, or make it a Job", this), logs]
    return [logs]


def _mended(error: LogError, this: Crash, logs: Remedy) -> list[Remedy]:
    namespace = this.container.owner.namespace
    if error.kind == "cluster DNS not asked":
        return [_set_dns_policy(error.next_step, this), logs]
    if error.kind == "missing interpreter" and (name := configmap_of(error.subject, this.container)):
        return [Remedy(error.next_step, f"kubectl edit configmap/{name} -n {namespace}", "change"), logs]
    if error.kind in _EDITED:
        return [_edit(error.next_step, this), logs]
    if error.kind in ("connection refused", "timeout"):
        command = f"kubectl get services,endpointslices,networkpolicies -n {namespace}"
        return [Remedy(title=error.next_step, command=command, risk="read"), logs]
    return [Remedy(title=f"{error.next_step}; the log says more", command=logs.command, risk="read")]


def _split(field: Literal["command", "args"], words: list[str], this: Crash) -> Remedy:
    title = f"Write it as separate words: {one_line(commands.listed(words), _HOOK_CHARS)}"
    if this.container.init:
        return _edit(title, this)
    return container_patched(this.container, title, {field: words})


def _set_dns_policy(title: str, this: Crash) -> Remedy:
    return template_patched(this.container.owner, title, {"dnsPolicy": dns_policy_for(this.container)})


def _edit(title: str, this: Crash) -> Remedy:
    return edit(this.container.owner, title)


RULE = Rule(causes=(CRASH_LOOP_BACK_OFF, NETWORK_POLICY_BLOCKS_EGRESS), find=crash_loop)
