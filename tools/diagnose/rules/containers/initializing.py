"""InitContainerStuck: an init container does not end, and its pod waits.

Source: https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.diagnose import timing
from tools.diagnose.facts.commands import given
from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.initializing import LONG, long_initializing, running_for
from tools.diagnose.facts.naming import about_owner, about_pod, log_says, pod_names, said, subject_of
from tools.diagnose.facts.remedies import log_read
from tools.diagnose.facts.roots import rooted
from tools.diagnose.facts.waits import Wait, circle
from tools.diagnose.logs.context import answered_by, in_context
from tools.diagnose.logs.decisive import QUOTE_CHARS, around, decisive_line
from tools.diagnose.logs.errors import LogError, recognised
from tools.diagnose.rules.containers.behind import Symptom, behind
from tools.diagnose.terms import Cause, Evidence, Finding, Known, Remedy, Rule, Snapshot
from tools.plaintext import one_line

INIT_CONTAINER_STUCK = Cause(
    "InitContainerStuck",
    topic="debugging",
    means="An init container runs on and on, and the containers of its pod are not started before it ends.",
    why=(
        "Mostly it waits in a loop for something that does not come: a database, another Service, a lock, a "
        "name that DNS does not know. It may also do long work, such as a migration."
    ),
    mend=(
        "Its log says what it waits for (kubectl logs POD -c INIT-CONTAINER): mend that, or the name it asks "
        "for. Let such a loop give up after some time, so that it shows as a failure."
    ),
    example=(
        "init container wait-db of Deployment shop has been running for 12 min, and its pod waits until it "
        "ends; its log says \"nslookup: can't resolve 'orders-db'\""
    ),
    source="https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/",
    called=r"\binit(ialisation|ialization)? ?containers?\b",
)


def stuck(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Init containers that run on: those whose log names an error, the others after minutes.

    So far within the time of their rollout, but where the log names what does not come by itself.
    """
    found = [_in_a_circle(path)] if (path := circle(snapshot)) else []
    told = {name for finding in found for name in finding.affected}
    groups = (
        [each for each in group if each.pod_name not in told and not known.explains_pod(each.pod_name)]
        for group in long_initializing(snapshot)
    )
    return found + [one for group in groups if group and (one := _finding(group, snapshot)) is not None]


def _in_a_circle(path: tuple[Wait, ...]) -> Finding:
    """Nobody of them goes on, however long one waits."""
    steps = [
        f"{subject_of(each.group[0])} waits for Service {each.service}, behind which are the pods of "
        f"{said(path[(at + 1) % len(path)].waiting)}"
        for at, each in enumerate(path)
    ]
    first = path[0]
    alone = len(path) == 1
    return Finding(
        cause=INIT_CONTAINER_STUCK,
        object=first.waiting,
        container=first.group[0].name,
        affected=tuple(name for each in path for name in pod_names(each.group)),
        detail=f"{'; '.join(steps)}: "
        + (
            "it waits for its own pods, which are not ready before it ends" if alone else "they wait for each other"
        ),
        why="A pod becomes ready only after its init containers have ended. Where each waits for a Service "
        "that leads to the other's pods, none ever does.",
        evidence=tuple(
            about_owner("spec", each.waiting, f"init container {each.group[0].name}: {given(each.group[0])}")
            for each in path
        ),
        remedies=(
            edit(
                first.waiting,
                f"Take init container {first.group[0].name} away, and let the program itself try again until "
                f"Service {first.service} answers",
            ),
        ),
        concerns=tuple(each.waiting for each in path[1:]),
    )


def _finding(group: list[Container], snapshot: Snapshot) -> Finding | None:
    container = next((each for each in group if _log(each, snapshot)), group[0])
    log = _log(container, snapshot)
    lines = around(log) if log else ()
    error = recognised(lines)
    root = behind(Symptom(container, snapshot, error, lines)) if error else None
    line = one_line(error.line, QUOTE_CHARS) if error else decisive_line(log)
    context = root.said if root else in_context(error, container, snapshot) if error else ""
    age = running_for(container, snapshot)
    if error is None and age < LONG:
        return None
    lasts = f"{age // timedelta(minutes=1)} min" if age >= LONG else f"{age.seconds} s"
    evidence: list[Evidence] = [
        about_pod(
            "status", container.pod, f"container {container.name} runs since {container.running['startedAt']}"
        )
    ]
    if line:
        evidence.append(about_pod("log", container.pod, line))
    if command := given(container):
        evidence.append(about_owner("spec", container.owner, command))
    found = Finding(
        cause=INIT_CONTAINER_STUCK,
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=f"has been running for {lasts}, and its pod waits until it ends{log_says(line, context)}",
        why=(
            "The containers of a pod are started only when all its init containers have ended well, one after the "
            "other. This one has not failed; it does not end."
        ),
        evidence=tuple(evidence),
        remedies=(_look(error, container),),
    )
    if root is not None:
        return rooted(found, root, found.remedies)
    return timing.so_far(found, _passes_by(error, container, snapshot), snapshot)


def _passes_by(error: LogError | None, container: Container, snapshot: Snapshot) -> datetime | None:
    """Until when it may end: what it calls may only be starting; else as long as its rollout may take."""
    if error is not None and in_context(error, container, snapshot):
        return answered_by(error, snapshot)
    return timing.rollout_ends(container.pod, container.owner, snapshot)


def _log(container: Container, snapshot: Snapshot) -> str:
    return snapshot.logs.get((container.pod_name, container.name), "")


def _look(error: LogError | None, container: Container) -> Remedy:
    return log_read(container, f"{error.next_step}; the log says more" if error else "Read what it waits for")


RULE = Rule(causes=(INIT_CONTAINER_STUCK,), find=stuck)
