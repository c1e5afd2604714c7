"""What was to start a run: EventListeners, their bindings and templates, and filters that let nothing through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.delivery.facts.application import short
from tools.diagnose.facts.naming import typed
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.reading import Deliveries, Kind
    from tools.diagnose.findings import Severity
    from tools.json import Json

_DOC = "https://tekton.dev/docs/triggers/"
REPOSITORIES = "pipelinesascode.tekton.dev/v1alpha1"
_OF_REPOSITORY = "pipelinesascode.tekton.dev/repository"
API_VERSION = "triggers.tekton.dev/v1beta1"
_OF_LISTENER = "triggers.tekton.dev/eventlistener"

TRIGGER_INVALID = Cause(
    "TriggerInvalid",
    topic="ci-cd",
    means="An EventListener names a binding, template or trigger that is not there, or does not run.",
    why="Each event is answered with an error, or by nobody, and no run is made.",
    mend="Make what is missing, or correct the name; see why its pod does not run.",
    example="EventListener github names TriggerTemplate build, which is not there: no event leads to a run",
    source=_DOC + "eventlisteners/",
)
REPOSITORY_RUN_FAILED = Cause(
    "RepositoryRunFailed",
    topic="ci-cd",
    means="The last run that Pipelines as Code began for a repository failed, and has been removed since.",
    why="Old runs are removed after a while, with their pods; the Repository keeps what was collected of them.",
    mend="Mend what it names, and push, or comment /retest on the pull request.",
    example="the last run of Repository web (web-x7k2p, push of abc1234) failed, and is gone: task unit: "
    "FAIL: test_total",
    source="https://pipelinesascode.com/docs/guide/statuses/",
)
TRIGGER_NO_RUN = Cause(
    "TriggerNoRun",
    topic="ci-cd",
    means="An EventListener or a Repository of Pipelines as Code is there, and no run came from it.",
    why="No event arrived (the webhook's URL, secret or events), or the filters of its interceptors let none "
    "through: such an event is answered with 202 and dropped.",
    mend="Look at the webhook's deliveries at the git host, then compare a delivery's body with the filters.",
    example="EventListener github has led to no run: its filter is body.ref == 'refs/heads/main'",
    source=_DOC + "interceptors/",
)


def listening(listener: Json, found: Deliveries) -> Finding | None:
    """What keeps an EventListener from making runs."""
    name = listener["metadata"]["name"]
    ref = ObjectRef(API_VERSION, "EventListener", listener["metadata"].get("namespace"), name)
    for each in (listener.get("status") or {}).get("conditions") or ():
        if each.get("type") in ("Ready", "Available") and each.get("status") == "False":
            said = f"EventListener {name} does not run: {each.get('message')}"
            return _finding(ref, said, f"{each['type']}: {each.get('reason')}: {each.get('message')}")
    for kind, missing in _missing(listener, found):
        said = f"EventListener {name} names {kind} {missing}, which is not there: no event leads to a run"
        return _finding(ref, said, f"{kind}: {missing}")
    if any(run.labels.get(_OF_LISTENER) == name for run in found.runs()) or not found.has("PipelineRun"):
        return None
    filters = list(_filters(listener, found))
    told = f": its filter is {'; '.join(filters)}" if filters else ""
    return Finding(
        cause=TRIGGER_NO_RUN,
        object=ref,
        container=None,
        affected=(),
        detail=one_line(f"EventListener {name} has led to no run{told}", 500),
        why="Either no event arrives, or its filters let none through: those are answered with 202 and dropped.",
        evidence=tuple(Evidence("spec", f"EventListener {name}", one_line(each)) for each in filters)
        or (Evidence("status", f"EventListener {name}", "no PipelineRun has its label"),),
        remedies=(
            Remedy(
                "See which events came, and what was made of them",
                f"kubectl logs -n {ref.namespace} -l eventlistener={name} --tail=100",
                "read",
            ),
        ),
        severity="warning",
    )


def repository(item: Json, found: Deliveries) -> Finding | None:
    """A Repository of Pipelines as Code that never led to a run, or whose last run failed and is gone."""
    name, runs = item["metadata"]["name"], item.get("pipelinerun_status") or ()
    ref = ObjectRef(REPOSITORIES, "Repository", item["metadata"].get("namespace"), name)
    url = str((item.get("spec") or {}).get("url"))
    if not runs:
        own = any(run.labels.get(_OF_REPOSITORY) == name for run in found.runs())
        if own or not found.has("PipelineRun"):
            return None
        said = f"Repository {name} has led to no run: no event of {url} came, or none matches what is in .tekton"
        return _of_repository(TRIGGER_NO_RUN, ref, said, f"url: {url}; pipelinerun_status: none", "warning")
    last = max(runs, key=lambda each: str(each.get("startTime") or ""))
    told = (each for each in last.get("conditions") or () if each.get("type") == "Succeeded")
    condition: Json = next(told, {})
    gone = str(last.get("pipelineRunName"))
    is_there = any(run.name == gone for run in found.runs()) or not found.has("PipelineRun")
    if condition.get("status") != "False" or is_there:
        return None
    why = "; ".join(_reasons(last)) or condition.get("message")
    of = f"{last.get('event_type') or 'an event'} of {short(str(last.get('sha') or ''))}"
    said = f"the last run of Repository {name} ({gone}, {of}) failed, and is gone: {one_line(str(why), 250)}"
    return _of_repository(
        REPOSITORY_RUN_FAILED, ref, said, f"{condition.get('reason')}: {condition.get('message')}"
    )


def _reasons(run: Json) -> Iterator[str]:
    """Why its tasks failed, as was collected before its pods went."""
    for task, told in (run.get("failure_reason") or {}).items():
        lines = [each for each in str(told.get("LogSnippet") or "").splitlines() if each.strip()]
        why = lines[-1] if lines else told.get("Message") or told.get("Reason")
        yield f"task {told.get('Name') or task}: {why}"


def _of_repository(cause: Cause, ref: ObjectRef, summary: str, text: str, severity: Severity = "error") -> Finding:
    return Finding(
        cause=cause,
        object=ref,
        container=None,
        affected=(),
        detail=one_line(summary, 500),
        why=cause.why,
        evidence=(Evidence("status", f"Repository {ref.name}", one_line(text)),),
        remedies=(
            Remedy("See what Pipelines as Code says of it", f"kubectl describe {typed(ref)}", "read"),
            Remedy("See its events", f"kubectl events -n {ref.namespace} --for repository/{ref.name}", "read"),
        ),
        severity=severity,
    )


def _finding(ref: ObjectRef, summary: str, text: str) -> Finding:
    return Finding(
        cause=TRIGGER_INVALID,
        object=ref,
        container=None,
        affected=(),
        detail=one_line(summary, 500),
        why=TRIGGER_INVALID.why,
        evidence=(Evidence("status", f"EventListener {ref.name}", one_line(text)),),
        remedies=(Remedy("See what it names, and how it is", f"kubectl describe {typed(ref)}", "read"),),
    )


def _triggers(listener: Json, found: Deliveries) -> Iterator[Json]:
    """What its triggers say, in place or by a Trigger of their own."""
    for each in (listener.get("spec") or {}).get("triggers") or ():
        named = found.named("Trigger", str(each.get("triggerRef"))) if each.get("triggerRef") else None
        yield (named or {}).get("spec") or each


def _missing(listener: Json, found: Deliveries) -> Iterator[tuple[Kind, str]]:
    for each in (listener.get("spec") or {}).get("triggers") or ():
        if each.get("triggerRef"):
            yield from _unless_there(found, "Trigger", str(each["triggerRef"]))
    for trigger in _triggers(listener, found):
        template = (trigger.get("template") or {}).get("ref")
        if template:
            yield from _unless_there(found, "TriggerTemplate", str(template))
        for binding in trigger.get("bindings") or ():
            if binding.get("ref") and binding.get("kind", "TriggerBinding") == "TriggerBinding":
                yield from _unless_there(found, "TriggerBinding", str(binding["ref"]))


def _unless_there(found: Deliveries, kind: Kind, name: str) -> Iterator[tuple[Kind, str]]:
    if found.has(kind) and found.named(kind, name) is None:
        yield kind, name


def _filters(listener: Json, found: Deliveries) -> Iterator[str]:
    for trigger in _triggers(listener, found):
        for interceptor in trigger.get("interceptors") or ():
            for parameter in interceptor.get("params") or ():
                if parameter.get("name") in ("filter", "eventTypes"):
                    value = parameter.get("value")
                    yield ", ".join(map(str, value)) if isinstance(value, list) else str(value)
