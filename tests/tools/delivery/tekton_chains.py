"""Deliveries by Tekton: runs, their tasks and pods, and what was to start them, as its controllers write them."""

from __future__ import annotations

from typing import Any

from tests.tools.delivery.chains import TARGET, Chain, ago
from tools.delivery.facts.runs import OF_PIPELINE, OF_RUN
from tools.json import Json

IMAGE = 'the step "build" in TaskRun failed to pull the image "gcr.io/kaniko:v9": not found'
QUOTA = 'pods "q-build-pod" is forbidden: exceeded quota: compute, requested: limits.memory=4Gi, used: 6Gi'
NO_NODE = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match pod affinity rules."
TIMEOUT = 'PipelineRun "late" failed to finish within "1h0m0s"'


def meta(name: str, **labels: str) -> Json:
    """`metadata` of an object in the namespace that is delivered to."""
    return {"name": name, "namespace": TARGET, "creationTimestamp": ago(3_000), "labels": labels}


def succeeded(status: str, reason: str, message: str = "") -> list[Json]:
    """`status.conditions`; the one that counts is not the last."""
    told = {
        "type": "Succeeded",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(900),
    }
    return [
        told,
        {"type": "Other", "status": "True", "reason": "Other", "message": "", "lastTransitionTime": ago(900)},
    ]


def run(
    name: str, status: str, reason: str, message: str = "", *tasks: str, spec: Json | None = None, **more: Any
) -> Json:
    """A PipelineRun with a TaskRun for each task."""
    children = [
        {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "name": f"{name}-{task}", "pipelineTaskName": task}
        for task in tasks
    ]
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": meta(name, **{OF_PIPELINE: f"{name}-pipeline"}),
        "spec": {"pipelineRef": {"name": f"{name}-pipeline"}, **(spec or {})},
        "status": {
            "conditions": succeeded(status, reason, message),
            "startTime": ago(2_000),
            "childReferences": children,
            **more,
        },
    }


def task(of: str, name: str, status: str, reason: str, message: str = "", **more: Any) -> Json:
    """A TaskRun, whose pod is named after it."""
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": meta(f"{of}-{name}", **{OF_RUN: of}),
        "spec": {"taskRef": {"name": name}},
        "status": {
            "conditions": succeeded(status, reason, message),
            "podName": f"{of}-{name}-pod",
            "startTime": ago(1_900),
            **({"completionTime": ago(1_000)} if status != "Unknown" else {}),
            **more,
        },
    }


def step(name: str, code: int, reason: str = "Error", **more: Any) -> Json:
    """A step that ended."""
    return {"name": name, "container": f"step-{name}", "terminated": {"exitCode": code, "reason": reason}, **more}


def pod(of: str, name: str, **status: Any) -> Json:
    """The pod of a TaskRun."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(f"{of}-{name}-pod", **{OF_RUN: of}),
        "spec": {
            "containers": [{"name": "step", "image": "busybox:1"}],
            "schedulingGates": [{"name": "desk.test/no-kubelet-writes-its-status"}],
        },
        "status": status,
    }


def trigger(kind: str, name: str, spec: Json, status: Json | None = None) -> Json:
    """An object of Tekton's triggers."""
    item = {"apiVersion": "triggers.tekton.dev/v1beta1", "kind": kind, "metadata": meta(name), "spec": spec}
    return {**item, **({"status": status} if status else {})}


def listener(name: str, template: str, **status: Any) -> Json:
    """An EventListener with a filter."""
    cel = {"ref": {"name": "cel"}, "params": [{"name": "filter", "value": "body.ref == 'refs/heads/main'"}]}
    spec = {"triggers": [{"interceptors": [cel], "bindings": [], "template": {"ref": template}}]}
    return trigger("EventListener", name, spec, status or {"conditions": [{"type": "Ready", "status": "True"}]})


def custom(of: str, name: str, **more: Any) -> Json:
    """A CustomRun of a PipelineRun."""
    return {
        "apiVersion": "tekton.dev/v1beta1",
        "kind": "CustomRun",
        "metadata": meta(f"{of}-{name}", **{OF_RUN: of}),
        "spec": {"customRef": {"apiVersion": "approval.example.com/v1", "kind": "Approval", "name": "lead"}},
        **more,
    }


def with_custom(name: str, status: str, reason: str, task: str) -> Json:
    """A PipelineRun whose task is a CustomRun."""
    item = run(name, status, reason, "", task)
    item["status"]["childReferences"][0] |= {"apiVersion": "tekton.dev/v1beta1", "kind": "CustomRun"}
    return item


def repository(name: str, *runs: Json) -> Json:
    """A Repository of Pipelines as Code."""
    return {
        "apiVersion": "pipelinesascode.tekton.dev/v1alpha1",
        "kind": "Repository",
        "metadata": meta(name),
        "spec": {"url": f"https://git.example.com/shop/{name}"},
        **({"pipelinerun_status": list(runs)} if runs else {}),
    }


def ended(name: str, status: str, at: float, **reasons: Json) -> Json:
    """What a Repository keeps of a run."""
    return {
        "pipelineRunName": name,
        "sha": "abc1234def5678900123456789abcdef01234567",
        "event_type": "push",
        "startTime": ago(at),
        "conditions": [
            {"type": "Succeeded", "status": status, "reason": "Failed", "message": "Tasks Completed: 1"}
        ],
        "failure_reason": reasons,
    }


def secret_of(kind: str, name: str, message: str = "", **spec: Any) -> Json:
    """An object of the External Secrets Operator, with a message where it is not ready."""
    told = {"type": "Ready", "status": "False" if message else "True", "reason": "SecretSyncedError"}
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": kind,
        "metadata": meta(name),
        "spec": spec or {"provider": {"vault": {}}},
        "status": {"conditions": [{**told, "message": message}]},
    }


FAILED = ("False", "Failed", "Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 1")
TASKS: dict[str, Any] = {"pipelineSpec": {"tasks": [{"name": "lint", "onError": "continue"}, {"name": "build"}]}}
LAST: dict[str, Any] = {"pipelineSpec": {"tasks": [{"name": "build"}], "finally": [{"name": "notify"}]}}

BROKEN = (
    Chain(
        "a step",
        [
            run("unit", *FAILED, "test"),
            pod("unit", "test", phase="Failed"),
            task(
                "unit",
                "test",
                "False",
                "Failed",
                '"step-unit" exited with code 1',
                steps=[
                    step("clone", 0, "Completed"),
                    step("unit", 1),
                    step("report", 1, terminationReason="Skipped"),
                ],
                retriesStatus=[{}],
            ),
        ],
        "TaskStepFailed",
        "PipelineRun unit",
        "step unit of task test failed with exit code 1 in PipelineRun unit (tried 2 times)",
    ),
    Chain(
        "a step whose pod is gone",
        [run("pruned", *FAILED, "test"), task("pruned", "test", "False", "Failed", "", steps=[step("unit", 2)])],
        "TaskStepFailed",
        "PipelineRun pruned",
        "its pod pruned-test-pod is gone, and its logs with it",
    ),
    Chain(
        "an ignored failure is not the cause",
        [
            run("ignored", "False", "Failed", "", "lint", "build", **TASKS),
            task("ignored", "lint", "False", "Failed", "", steps=[step("lint", 9)], completionTime=ago(1_500)),
            task("ignored", "build", "False", "Failed", "", steps=[step("compile", 2)]),
        ],
        "TaskStepFailed",
        "PipelineRun ignored",
        "step compile of task build failed with exit code 2",
    ),
    Chain(
        "finally fails later than the cause",
        [
            run("both", "False", "Failed", "", "build", "notify", **LAST),
            task("both", "build", "False", "Failed", "", steps=[step("compile", 3)]),
            task("both", "notify", "False", "Failed", "", steps=[step("curl", 22)], completionTime=ago(1_500)),
        ],
        "TaskStepFailed",
        "PipelineRun both",
        "step compile of task build failed with exit code 3",
    ),
    Chain(
        "only finally",
        [
            run("final", "False", "Failed", "", "build", "notify", **LAST),
            task("final", "build", "True", "Succeeded"),
            task("final", "notify", "False", "Failed", "", steps=[step("curl", 22)]),
        ],
        "FinallyFailed",
        "PipelineRun final",
        "only in its final task notify: exit code 22",
    ),
    Chain(
        "an image",
        [run("image", *FAILED, "build"), task("image", "build", "False", "TaskRunImagePullFailed", IMAGE)],
        "TaskImageNotPulled",
        "PipelineRun image",
        "gcr.io/kaniko:v9",
    ),
    Chain(
        "quota",
        [
            run("q", "Unknown", "Running", "", "build"),
            task(
                "q",
                "build",
                "Unknown",
                "ExceededResourceQuota",
                f"TaskRun Pod exceeded available resources: {QUOTA}",
                podName="",
            ),
        ],
        "TaskQuotaExceeded",
        "PipelineRun q",
        "exceeded quota: compute, requested: limits.memory=4Gi",
    ),
    Chain(
        "the affinity assistant",
        [
            run("pinned-run", "Unknown", "Running", "", "test"),
            task("pinned-run", "test", "Unknown", "Pending", "pod status PodScheduled:False"),
            pod(
                "pinned-run",
                "test",
                phase="Pending",
                conditions=[
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": NO_NODE}
                ],
            ),
        ],
        "TaskUnschedulable",
        "PipelineRun pinned-run",
        "the affinity assistant keeps it on one node",
    ),
    Chain(
        "a result",
        [
            run("large", *FAILED, "report"),
            task(
                "large",
                "report",
                "False",
                "TaskRunResultLargerThanAllowedLimit",
                "results are larger than 4096 bytes",
                steps=[step("report", 1)],
            ),
        ],
        "TaskResultTooLarge",
        "PipelineRun large",
        "larger than 4096 bytes",
    ),
    Chain(
        "a secret of the pod",
        [
            run("config", *FAILED, "deploy"),
            task(
                "config",
                "deploy",
                "False",
                "CreateContainerConfigError",
                'Failed to create pod: secret "registry" not found',
            ),
        ],
        "TaskPodFailed",
        "PipelineRun config",
        'secret "registry" not found',
    ),
    Chain(
        "a task that is not there",
        [
            run(
                "taskless",
                "False",
                "CouldntGetTask",
                "Pipeline ci/x can't be Run; it contains "
                'Tasks that don\'t exist: Couldn\'t retrieve Task "kaniko": tasks.tekton.dev "kaniko" not found',
            )
        ],
        "PipelineRunInvalid",
        "PipelineRun taskless",
        "(CouldntGetTask)",
    ),
    Chain(
        "a parameter",
        [
            run(
                "paramless",
                "False",
                "ParameterMissing",
                "missing values for these params which have no default values: [revision]",
            )
        ],
        "PipelineRunInvalid",
        "PipelineRun paramless",
        "[revision]",
    ),
    Chain(
        "a workspace",
        [
            run(
                "workless",
                "False",
                "InvalidWorkspaceBindings",
                'pipeline requires workspace with name "source" be provided by pipelinerun',
            )
        ],
        "PipelineRunInvalid",
        "PipelineRun workless",
        'workspace with name "source"',
    ),
    Chain(
        "a timeout",
        [
            run("late", "False", "PipelineRunTimeout", TIMEOUT, "e2e"),
            task("late", "e2e", "False", "TaskRunCancelled", "cancelled as the PipelineRun timed out"),
        ],
        "PipelineTimedOut",
        "PipelineRun late",
        "task e2e was still running",
    ),
    Chain(
        "cancelled",
        [run("ended", "False", "Cancelled", 'PipelineRun "ended" was cancelled')],
        "PipelineCancelled",
        "PipelineRun ended",
        "was cancelled",
        severity="warning",
    ),
    Chain(
        "held",
        [run("held", "Unknown", "PipelineRunPending", spec={"status": "PipelineRunPending"})],
        "PipelinePending",
        "PipelineRun held",
        "its spec.status is PipelineRunPending",
        severity="warning",
    ),
    Chain(
        "a task that was skipped",
        [
            run(
                "skipped-run",
                "True",
                "Completed",
                "",
                skippedTasks=[
                    {
                        "name": "deploy",
                        "reason": "When Expressions evaluated to false",
                        "whenExpressions": [{"input": "dev", "operator": "in", "values": ["main"]}],
                    }
                ],
            )
        ],
        "TaskSkipped",
        "PipelineRun skipped-run",
        "('dev' in main)",
        severity="info",
    ),
    Chain(
        "a listener without its template",
        [listener("templateless", "absent")],
        "TriggerInvalid",
        "EventListener templateless",
        "names TriggerTemplate absent, which is not there",
    ),
    Chain(
        "a listener that does not run",
        [
            listener(
                "down",
                "build-template",
                conditions=[
                    {
                        "type": "Available",
                        "status": "False",
                        "reason": "MinimumReplicasUnavailable",
                        "message": "no pod is ready",
                    }
                ],
            ),
            trigger("TriggerTemplate", "build-template", {"resourcetemplates": []}),
        ],
        "TriggerInvalid",
        "EventListener down",
        "does not run: no pod is ready",
    ),
    Chain(
        "a custom task that failed",
        [
            with_custom("asked", *FAILED[:2], "approve"),
            custom("asked", "approve", status={"conditions": succeeded("False", "Rejected", "rejected by kim")}),
        ],
        "CustomRunFailed",
        "PipelineRun asked",
        "a Approval of approval.example.com/v1, failed (Rejected): rejected by kim",
    ),
    Chain(
        "a custom task that nobody works on",
        [with_custom("waits", "Unknown", "Running", "approve"), custom("waits", "approve")],
        "CustomRunNotHandled",
        "PipelineRun waits",
        "waits for CustomRun waits-approve, which nobody works on: it is a Approval of approval.example.com/v1",
    ),
    Chain(
        "a run of a repository that is gone",
        [
            repository(
                "pac-gone",
                ended("pac-gone-2", "False", 600, unit={"Name": "unit", "LogSnippet": "run\nFAIL: test_total\n"}),
                ended("pac-gone-1", "True", 9_000),
            )
        ],
        "RepositoryRunFailed",
        "Repository pac-gone",
        "(pac-gone-2, push of abc1234) failed, and is gone: task unit: FAIL: test_total",
    ),
    Chain(
        "a repository without a run",
        [repository("pac-quiet")],
        "TriggerNoRun",
        "Repository pac-quiet",
        "has led to no run: no event of https://git.example.com/shop/pac-quiet came",
        severity="warning",
    ),
    Chain(
        "a store that cannot log in",
        [
            secret_of("ExternalSecret", "of-vault", "could not get secret data", secretStoreRef={"name": "vault"}),
            secret_of("SecretStore", "vault", "invalid vault credentials"),
        ],
        "SecretStoreNotReady",
        "SecretStore vault",
        "is not ready: invalid vault credentials; ExternalSecret of-vault waits for it",
    ),
    Chain(
        "a key that is not in the vault",
        [
            secret_of(
                "ExternalSecret",
                "quay",
                "Secret does not exist: ci/quay",
                secretStoreRef={"name": "all", "kind": "ClusterSecretStore"},
                target={"name": "quay-push"},
            )
        ],
        "ExternalSecretNotSynced",
        "ExternalSecret quay",
        "does not bring Secret quay-push: Secret does not exist: ci/quay",
    ),
    Chain(
        "a store that is not there",
        [secret_of("ExternalSecret", "lost", "could not get store", secretStoreRef={"name": "absent"})],
        "ExternalSecretNotSynced",
        "ExternalSecret lost",
        "there is no SecretStore absent (could not get store)",
    ),
    Chain(
        "a filter that lets nothing through",
        [
            listener("quiet", "build-template"),
            trigger("TriggerTemplate", "build-template", {"resourcetemplates": []}),
        ],
        "TriggerNoRun",
        "EventListener quiet",
        "body.ref == 'refs/heads/main'",
        severity="warning",
    ),
)

GOING = (
    Chain("a secret that is there", [secret_of("ExternalSecret", "well", secretStoreRef={"name": "vault-2"})]),
    Chain("a repository whose last run went well", [repository("pac-well", ended("pac-well-1", "True", 60))]),
    Chain("a run that succeeded", [run("fine", "True", "Succeeded", "", "build")]),
    Chain(
        "a run that goes on",
        [run("young", "Unknown", "Running", "", "build"), task("young", "build", "Unknown", "Running")],
        going=True,
    ),
    Chain(
        "a pod that waits since a moment",
        [
            run("starting", "Unknown", "Running", "", "build"),
            task("starting", "build", "Unknown", "Pending", "pod is pending", startTime=ago(20)),
        ],
        going=True,
    ),
)
