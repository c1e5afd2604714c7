"""PipelineRuns that failed or stand still: down from the run to its task, step and pod."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.delivery.facts.runs import Run
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import typed
from tools.diagnose.facts.remedies import by_tool, patched
from tools.diagnose.findings import Evidence, Finding, Remedy, Starting
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.reading import Deliveries
    from tools.diagnose.findings import Severity
    from tools.json import Json

_DOC = "https://tekton.dev/docs/pipelines/"

PIPELINE_RUN_INVALID = Cause(
    "PipelineRunInvalid",
    topic="ci-cd",
    means="A run was refused before any of its tasks began.",
    why="A parameter or workspace that the pipeline asks for is not given, the pipeline or a task cannot "
    "be had, "
    "or the graph of its tasks is none.",
    mend="Give what the message names, and run it again.",
    example="PipelineRun build-7 did not begin (ParameterMissing): missing values for these params: [revision]",
    source=_DOC + "pipelineruns/",
)
TASK_STEP_FAILED = Cause(
    "TaskStepFailed",
    topic="ci-cd",
    means="A step of a task ended with an exit code other than 0, and the run failed with it.",
    why="The program in the step failed; the steps and tasks behind it were not run.",
    mend="Read the step's log, mend what it names, and run it again.",
    example="step unit of task test failed with exit code 1 in PipelineRun build-7",
    source=_DOC + "taskruns/#monitoring-steps",
)
TASK_IMAGE_NOT_PULLED = Cause(
    "TaskImageNotPulled",
    topic="ci-cd",
    means="The image of a step cannot be pulled, so its task never began.",
    why="The name or tag does not exist, or the run's service account has no pull secret for that registry.",
    mend="Correct the image in the Task, or link a pull secret to the service account.",
    example='task build of PipelineRun build-7 cannot pull its image: step "kaniko" gcr.io/kaniko:v9 not found',
    source=_DOC + "taskruns/#monitoring-execution-status",
)
TASK_QUOTA_EXCEEDED = Cause(
    "TaskQuotaExceeded",
    topic="ci-cd",
    means="The pod of a task is not made: the namespace's quota has no room for it.",
    why="Tekton tries again until the run times out; each task's pod asks for the sum of what its steps ask for.",
    mend="Wait for room, remove old pods, lower the steps' requests, or have the quota raised.",
    example="task build of PipelineRun build-7 waits for quota: exceeded quota: compute, requested: "
    "limits.memory=4Gi",
    source=_DOC + "compute-resources/",
)
TASK_UNSCHEDULABLE = Cause(
    "TaskUnschedulable",
    topic="ci-cd",
    means="The pod of a task is on no node.",
    why="No node has room, or the run's affinity assistant keeps all pods that share a volume on one "
    "node, which "
    "is full or gone.",
    mend="Make room on that node, ask for less, or switch the affinity assistant off (coschedule: disabled).",
    example="task test of PipelineRun build-7 is on no node: 0/3 nodes are available: 2 node(s) didn't "
    "match pod "
    "affinity rules",
    source=_DOC + "affinityassistants/",
)
TASK_RESULT_TOO_LARGE = Cause(
    "TaskResultTooLarge",
    topic="ci-cd",
    means="A task wrote more as a result than a result may hold.",
    why="All results of a task go through its containers' termination messages, 4 KB together.",
    mend="Write it to a workspace, and only its path or digest as a result.",
    example="task report of PipelineRun build-7 wrote results that are too large: larger than 4096 bytes",
    source=_DOC + "tasks/#emitting-results",
)
TASK_POD_FAILED = Cause(
    "TaskPodFailed",
    topic="ci-cd",
    means="The pod of a task could not be made or did not begin.",
    why="A secret or ConfigMap that it names is missing, an admission webhook refused it, or its node evicted it.",
    mend="Mend what the message names, and run it again.",
    example="task deploy of PipelineRun build-7 did not begin (CreateContainerConfigError): secret "
    "registry not "
    "found",
    source=_DOC + "taskruns/#monitoring-execution-status",
)
PIPELINE_TIMED_OUT = Cause(
    "PipelineTimedOut",
    topic="ci-cd",
    means="A run took longer than it may.",
    why="timeouts.pipeline (one hour by default) is for all of it; a task that waits counts, too.",
    mend="See what the task that ran last was waiting for; raise the timeout if it only takes that long.",
    example="PipelineRun build-7 ended after 1h0m0s, its timeout; task e2e was still running",
    source=_DOC + "pipelineruns/#configuring-a-failure-timeout",
)
PIPELINE_CANCELLED = Cause(
    "PipelineCancelled",
    topic="ci-cd",
    means="Somebody or something ended a run.",
    why="spec.status was set to Cancelled: by hand, or by a newer push of the same branch.",
    mend="Run it again, if no newer run replaced it.",
    example="PipelineRun build-7 was cancelled",
    source=_DOC + "pipelineruns/#cancelling-a-pipelinerun",
)
PIPELINE_PENDING = Cause(
    "PipelinePending",
    topic="ci-cd",
    means="A run waits to be let begin.",
    why="spec.status is PipelineRunPending: a queue, or a person, removes that when its turn comes.",
    mend="Remove it, or see what should.",
    example="PipelineRun build-7 is held: its spec.status is PipelineRunPending",
    source=_DOC + "pipelineruns/#pending-pipelineruns",
)
TASK_SKIPPED = Cause(
    "TaskSkipped",
    topic="ci-cd",
    means="A run succeeded, and one of its tasks was not run.",
    why="Its when-expressions were false, or what it needs of another task was missing.",
    mend="Compare the values that its when-expressions compare.",
    example="PipelineRun build-7 succeeded without task deploy: When Expressions evaluated to false ('dev' in "
    "main)",
    source=_DOC + "pipelines/#guard-task-execution-using-when-expressions",
)
CUSTOM_RUN_FAILED = Cause(
    "CustomRunFailed",
    topic="ci-cd",
    means="A task that another controller runs failed.",
    why="A custom task is a CustomRun; its controller says why in the condition Succeeded.",
    mend="Mend what the message names, and run it again.",
    example="task approve of PipelineRun build-7, a ApprovalTask of openshift-pipelines.org/v1alpha1, failed "
    "(Rejected): rejected by kim",
    source=_DOC + "customruns/",
)
CUSTOM_RUN_NOT_HANDLED = Cause(
    "CustomRunNotHandled",
    topic="ci-cd",
    means="A run waits for a custom task that no controller works on.",
    why="Tekton makes a CustomRun, and leaves it to the controller of its kind; none is there, or it looks for "
    "another apiVersion.",
    mend="Install that controller, or correct apiVersion and kind of the task.",
    example="task wait of PipelineRun build-7 waits for CustomRun build-7-wait, which nobody works on: it is a "
    "Wait of wait.example.com/v1",
    source=_DOC + "customruns/",
)
FINALLY_FAILED = Cause(
    "FinallyFailed",
    topic="ci-cd",
    means="All tasks of a run succeeded, and one that runs at the end in any case failed.",
    why="A task under finally counts for the result of the run.",
    mend="Mend that task; what the others made is there.",
    example="PipelineRun build-7 failed only in its final task notify: exit code 22",
    source=_DOC + "pipelines/#adding-finally-to-the-pipeline",
)

_IS_INVALID = re.compile(
    r"^(Couldnt|Invalid|ParameterMissing|ParameterTypeMismatch|ParamArrayIndexing|PipelineValidation|"
    r"TaskRunValidation|TaskRunResolution|ObjectParameter|RequiredWorkspace|CELEvaluation|CreateRunFailed)"
)
_POD_OF_TASK = ("PodCreationFailed", "CreateContainerConfigError", "PodEvicted")
_AFFINITY = re.compile(r"affinity", re.I)
_WAITS_UNTIL = timedelta(minutes=2)
"""A pod may be without a node for a moment; for longer, something keeps it from one."""


def failing(run: Run, found: Deliveries) -> Finding | None:
    """What is wrong with a PipelineRun: the cause, not what follows from it."""
    if run.spec.get("status") == "PipelineRunPending":
        return _pending(run)
    if not run.has_failed:
        return _stuck(run, found) if not run.is_over else _skipped(run)
    if "Timeout" in run.reason:
        return _timed_out(run, found)
    if "Cancel" in run.reason or "StoppedRun" in run.reason:
        return _cancelled(run)
    first = _first_failure(run, found)
    if first is not None:
        return _of_task(run, *first, found)
    return _invalid(run)


def on_its_way(run: Run, found: Deliveries) -> Starting | None:
    """A run that goes on, within its time."""
    begun = run.started_at
    if run.is_over or begun is None or begun + run.timeout <= found.taken_at:
        return None
    return Starting(run.ref, (), f"PipelineRun {run.name} is running", begun + run.timeout)


def _first_failure(run: Run, found: Deliveries) -> tuple[str, Run] | None:
    """The task whose failure counts: not one that may fail, and one of `finally` only where no other did."""
    tasks, last = run.tasks(), run.tasks("finally")
    failed = []
    for task, name in run.children():
        child = next((each for each in found.task_runs() if each.name == name), None)
        if child is not None and child.has_failed and tasks.get(task, {}).get("onError") != "continue":
            failed.append((task in last, str(child.status.get("completionTime") or "~"), task, child))
    if not failed:
        return None
    _, _, task, child = min(failed, key=lambda each: each[:3])
    return task, child


def _of_task(run: Run, task: str, child: Run, found: Deliveries) -> Finding:
    step = child.failed_step()
    tried = f" (tried {child.retries + 1} times)" if child.retries else ""
    is_gone = bool(child.pod) and found.has("Pod") and found.named("Pod", child.pod) is None
    logs = f"; its pod {child.pod} is gone, and its logs with it" if is_gone else ""
    cause, said = _failure(run, task, child, step)
    finding = _finding(run, cause, f"{said}{tried}{logs}", child, step=None if is_gone else step)
    return replace(finding, affected=()) if is_gone else finding


def _failure(run: Run, task: str, child: Run, step: Json | None) -> tuple[Cause, str]:
    """What befell a task: the cause, and in words."""
    reason, message, whose = child.reason, child.message, f"task {task} of PipelineRun {run.name}"
    if child.kind == "CustomRun":
        return CUSTOM_RUN_FAILED, f"{whose}, a {child.custom_kind}, failed ({reason}): {message}"
    if task in run.tasks("finally"):
        return (
            FINALLY_FAILED,
            f"PipelineRun {run.name} failed only in its final task {task}: {_end(step, message)}",
        )
    if "ImagePull" in reason or _waits_for_image(child):
        return TASK_IMAGE_NOT_PULLED, f"{whose} cannot pull its image: {message}"
    if "LargerThan" in reason or "larger than" in message:
        return TASK_RESULT_TOO_LARGE, f"{whose} wrote results that are too large: {message}"
    if "Timeout" in reason:
        return PIPELINE_TIMED_OUT, f"{whose} took longer than it may: {message}"
    if _IS_INVALID.match(reason):
        return PIPELINE_RUN_INVALID, f"{whose} did not begin ({reason}): {message}"
    if step is None:
        return TASK_POD_FAILED, f"{whose} did not begin ({reason}): {message}"
    ended = _end(step, message)
    return TASK_STEP_FAILED, f"step {step.get('name')} of task {task} failed with {ended} in PipelineRun {run.name}"


def _stuck(run: Run, found: Deliveries) -> Finding | None:
    """A run of which a task waits for something that may never come."""
    for task, name in run.children():
        child = next((each for each in found.task_runs() if each.name == name), None)
        if child is None or child.is_over:
            continue
        if child.kind == "CustomRun":
            if (unhandled := _unhandled(run, task, child, found)) is not None:
                return unhandled
            continue
        begun = child.started_at
        if begun is None or found.taken_at - begun < _WAITS_UNTIL:
            continue
        where = f"task {task} of PipelineRun {run.name}"
        if "Quota" in child.reason or "exceeded quota" in child.message:
            return _finding(run, TASK_QUOTA_EXCEEDED, f"{where} waits for quota: {child.message}", child)
        if _waits_for_image(child):
            return _finding(run, TASK_IMAGE_NOT_PULLED, f"{where} cannot pull its image: {child.message}", child)
        unplaced = _unplaced(child, found)
        if unplaced or child.reason == "ExceededNodeResources":
            helper = " (the affinity assistant keeps it on one node)" if _AFFINITY.search(unplaced) else ""
            said = f"{where} is on no node{helper}: {unplaced or child.message}"
            return _finding(run, TASK_UNSCHEDULABLE, said, child)
        if child.reason in _POD_OF_TASK:
            return _finding(run, TASK_POD_FAILED, f"{where} did not begin ({child.reason}): {child.message}", child)
    return None


def _unhandled(run: Run, task: str, child: Run, found: Deliveries) -> Finding | None:
    """A task of a kind that no controller works on."""
    made = parse_time(child.created)
    if made is None or found.taken_at - made < _WAITS_UNTIL or child.succeeded:
        return None
    said = f"task {task} of PipelineRun {run.name} waits for CustomRun {child.name}, which nobody works on"
    return _finding(run, CUSTOM_RUN_NOT_HANDLED, f"{said}: it is a {child.custom_kind}", child)


def _unplaced(child: Run, found: Deliveries) -> str:
    pod = found.named("Pod", child.pod) or {}
    for each in (pod.get("status") or {}).get("conditions") or ():
        if (
            each.get("type") == "PodScheduled"
            and each.get("status") == "False"
            and each.get("reason") == "Unschedulable"
        ):
            return one_line(str(each.get("message")), 200)
    return ""


def _waits_for_image(child: Run) -> bool:
    waiting = ((each.get("waiting") or {}).get("reason") for each in child.steps)
    return any(each in ("ImagePullBackOff", "ErrImagePull", "InvalidImageName") for each in waiting)


def _skipped(run: Run) -> Finding | None:
    told = [each for each in run.skipped if "When Expressions" in str(each.get("reason"))]
    if not told:
        return None
    named = "; ".join(f"task {each.get('name')}: {each.get('reason')}{_when(each)}" for each in told)
    return _finding(run, TASK_SKIPPED, f"PipelineRun {run.name} succeeded without {named}", severity="info")


def _when(skipped: Json) -> str:
    parts = (
        f"'{each.get('input')}' {each.get('operator')} {', '.join(map(str, each.get('values') or ()))}"
        if not each.get("cel") else str(each["cel"])
        for each in skipped.get("whenExpressions") or ()
    )  # fmt: skip
    return f" ({'; '.join(parts)})" if skipped.get("whenExpressions") else ""


def _timed_out(run: Run, found: Deliveries) -> Finding:
    running = [
        task
        for task, name in run.children()
        for child in found.task_runs()
        if child.name == name and child.succeeded.get("status") != "True"
    ]
    last = f"; task {running[-1]} was still running" if running else ""
    return _finding(run, PIPELINE_TIMED_OUT, f"PipelineRun {run.name} ended at its timeout: {run.message}{last}")


def _cancelled(run: Run) -> Finding:
    return _finding(
        run, PIPELINE_CANCELLED, f"PipelineRun {run.name} was cancelled: {run.message}", severity="warning"
    )


def _pending(run: Run) -> Finding:
    by_hand = patched(run.ref, "Let it begin", {"spec": {"status": ""}}, merge=True)
    let = by_tool(by_hand, "unpause_delivery", run.ref)
    said = f"PipelineRun {run.name} is held: its spec.status is PipelineRunPending"
    return _finding(run, PIPELINE_PENDING, said, severity="warning", remedies=(let,))


def _invalid(run: Run) -> Finding:
    return _finding(
        run, PIPELINE_RUN_INVALID, f"PipelineRun {run.name} did not begin ({run.reason}): {run.message}"
    )


def _end(step: Json | None, message: str) -> str:
    ended = (step or {}).get("terminated") or {}
    return f"exit code {ended['exitCode']}" if ended.get("exitCode") else one_line(message, 200)


def _finding(
    run: Run,
    cause: Cause,
    summary: str,
    child: Run | None = None,
    *,
    step: Json | None = None,
    severity: Severity = "error",
    remedies: tuple[Remedy, ...] = (),
) -> Finding:
    evidence = [Evidence("status", f"PipelineRun {run.name}", one_line(f"Succeeded {_condition(run)}"))]
    if child is not None:
        evidence.append(Evidence("status", f"TaskRun {child.name}", one_line(f"Succeeded {_condition(child)}")))
    if step is not None and child is not None:
        ended = step.get("terminated") or {}
        text = f"step {step.get('name')}: exit code {ended.get('exitCode')}, {ended.get('reason')}"
        evidence.append(Evidence("status", f"TaskRun {child.name}", one_line(text)))
    return Finding(
        cause=cause,
        object=run.ref,
        container=None,
        affected=(child.pod,) if child is not None and child.pod else (),
        detail=one_line(summary, 500),
        why=cause.why,
        evidence=tuple(evidence),
        remedies=remedies or _remedies(run, child, step),
        severity=severity,
        concerns=(child.ref,) if child is not None else (),
    )


def _condition(run: Run) -> str:
    return f"{run.succeeded.get('status') or 'not told yet'}, {run.reason}: {run.message}"


def _remedies(run: Run, child: Run | None, step: Json | None) -> tuple[Remedy, ...]:
    where = run.ref.namespace
    arguments = {"namespace": where, "name": run.name}
    looks = f"kubectl describe {typed((child or run).ref)}"
    if child is not None and step is not None and child.pod:
        looks = f"kubectl logs {child.pod} -c {step.get('container') or 'step-' + str(step.get('name'))} -n {where}"
    again = f"tkn pipeline start {run.pipeline} --use-pipelinerun {run.name} -n {where}"
    return (
        Remedy("See what it says", looks, "read"),
        Remedy("When it is mended, run it again", again, "change", "rerun_pipeline", arguments),
    )
