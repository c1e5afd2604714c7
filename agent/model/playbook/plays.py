"""The plays: what to do, step by step, for the tasks Playbook understands."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field

from agent.model.playbook.words import match_phrase, match_rest, rest_of, without_rest, words
from agent.model.port import Conversation, Json, ToolAnswer, ToolSpec
from agent.wording import means_everything, namespace_of, object_words, orders

MAX_ATTEMPTS = 3
ROLLOUT_TIMEOUT_S = 180


@dataclass(frozen=True, slots=True)
class Move:
    """Say something, then call a tool."""

    tool: str
    arguments: Json = field(default_factory=dict)
    say: str = ""


Play = Generator[Move, ToolAnswer, None]

# Between a verb and what it is done to: no full stop, and no preposition that leads to somewhere else.
_OBJECT = r"(?:(?!\b(?:in|on|from|into|onto|to|for|with|at)\b)(?:[^.]|\.(?=\S)))*"
_ANYTHING = r"(?:[^.]|\.(?=\S))*"
_APPLICATIONS = r"(?:redis|kafka|postgres\w*|mysql|mongo\w*|elasticsearch|opensearch|rabbitmq|cassandra)"
_HERE_ENDS = r"(?![-\w]|\.\w)"
_NODES = rf"(?<![-\w])nodes?{_HERE_ENDS}"
_INFRASTRUCTURE = rf"(?<![-\w])(?:clusters?|control plane|etcd|node ?pools?|nodes?|machine ?sets?){_HERE_ENDS}"
_PRODUCTION = r"\b(to|into|in|on) (the )?(prod|production)(?![-\w])"

# Whose it is when it is not Desk's: (agent, what, how it is asked for).
_REMIT: tuple[tuple[str, str, str], ...] = (
    (
        "Atlas",
        "cluster infrastructure",
        r"\b(upgrade|resize|install|provision|create|delete|patch|back ?up|restore|rotate|restart|scale)\b"
        rf"(?!{_OBJECT}\b{_APPLICATIONS}\b){_OBJECT}{_INFRASTRUCTURE}(?! pods?\b)"
        rf"|\b(add|drain|cordon|uncordon|reboot|remove)\b{_OBJECT}{_NODES}|\bcluster upgrade\b",
    ),
    (
        "Flow",
        "deployments to production",
        rf"\b(deploy|release|promote|ship|roll ?out|publish)\b{_ANYTHING}{_PRODUCTION}"
        r"|\bproduction (deployment|release|rollout)\b|\bcanary (release|rollout|deployment)|\bblue.green\b",
    ),
    (
        "Shield",
        "security policy",
        r"\bsecurity (polic(y|ies)|context constraints?|standards?)\b|\bpod security (admission|polic|standard)\w*"
        r"|\b(vulnerabilit(y|ies)|cve(-\d+)+|penetration|audit polic(y|ies))(?![-\w])|\bcluster-?admin\b",
    ),
)
# Words that are also names of things that run: whose it is, unless the task tells a fault of one.
_REMIT_UNLESS_FAULT: tuple[tuple[str, str, str], ...] = (
    ("Atlas", "cluster infrastructure", r"(?<![-\w])cluster autoscaler(?![-\w])"),
    ("Flow", "deployments to production", r"(?<![-\w])canary(?![-\w]| pods?\b)"),
    ("Shield", "security policy", r"(?<![-\w])(scc|gatekeeper|kyverno|compliance)(?![-\w]| pods?\b)"),
)
_RUNS_BADLY = re.compile(
    r"\b(crash\w*|restart(s|ing)|fail\w*|stuck|pending|oom\w*|killed|unhealthy|image ?pull\w*|debug|diagnos\w*|"
    r"troubleshoot|(not|n't) (start|run|work|ready|come)\w*)\b",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"\b(why|wrong|broken|break(s|ing)?|crash\w*|restart(s|ing)\b|fail\w*|down|(doesn|isn|won|can)'?t|cannot|stuck|"
    r"pending|unschedulable|not (run|start|work|ready|come|schedul|be schedul)\w*|unhealthy|oom\w*|out of memory|"
    r"killed|imagepull\w*|errimage\w*|createcontainer\w*|diagnos\w*|debug|troubleshoot|investigate|problems?|issues?|"
    r"trouble|health|healthy|(every|any)thing (ok|okay|fine|all right)|what('s| is) up|fix|mend|repair|solve)\b",
    re.IGNORECASE,
)
# Asked as a command: `correct` and `resolve` are also said of images and host names.
_MEND = re.compile(
    r"(?<![-\w])(fix|mend|repair|heal|cure"
    r"|(correct|solve|resolve) (it|this|that|them|the (problem|issue|fault|error)s?))(?![-\w])",
    re.IGNORECASE,
)
_MEND_WHAT = re.compile(
    r"(?<![-\w])(?:fix|mend|repair|heal|cure)\s+(?:(?:the|my|our|pods?|deployments?|workloads?|app|service)\s+)*"
    r"[\"'`]?([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)",
    re.IGNORECASE,
)
_NO_OBJECT = frozenset(
    re.findall(
        r"\w+",
        """
        it this that them these those everything all any anything every each whatever what which whichever both one
        ones is are in on and or if problem problems issue issues fault faults error errors pod pods deployment
        deployments workload workloads app apps container containers crash crashes crashing broken failing failures
        pending oom oomkilled memory image images namespace project
        """,
    )
)
_DO_NOT = re.compile(
    r"\b(do not|don'?t|without|never)\b[^.;,]{0,20}\b(fix|mend|repair|chang|touch|modif|alter|apply)\w*"
    r"|\bno (changes?|fix\w*)\b|\bread[- ]only\b",
    re.IGNORECASE,
)
# Asks how it would be mended, which is no order to mend it.
_HOW = re.compile(
    r"\b(how|who|should (i|we)|(what|which)\b[^.;,?]{0,20}\b(would|will|could|can|might|should))\b"
    r"(?:(?!\b(?:and|then)\b)[^.;,?]){0,40}\b(fix|mend|repair|heal|cure|correct|solve|resolve)\w*",
    re.IGNORECASE,
)
_CAUSES = {
    "OOMKilled": r"\boom\w*|\bout of memory\b|\bmemory kill\w*",
    "CrashLoopBackOff": r"\bcrash ?loop\w*",
    "LivenessProbeFailed": r"\bliveness\b",
    "StartupProbeFailed": r"\bstartup probe\w*",
    "ReadinessProbeFailed": r"\breadiness\b|\b(not|n't|never) (get |become )?ready\b",
    "ImagePullBackOff": r"\bimage ?pull\w*|\berrimage\w*|\bpull\w* (the )?image|\bimage\b",
    "CreateContainerConfigError": r"\bcreatecontainer\w*|\bconfig ?error\b|\bconfigmap\b|\bmissing config\b",
    "InitContainerStuck": r"\binit(ialisation|ialization)? ?containers?\b",
    "Pending": r"\bpending\b|\bnot (be )?scheduled\b|\bunschedulable\b",
    "FailedMount": r"\bmount\w*",
    "QuotaExceeded": r"\bquotas?\b",
    "LimitRangeViolated": r"\blimit ?ranges?\b",
    "PodSecurityViolated": r"\bpod ?security\b",
    "WebhookDenied": r"\bwebhooks?\b",
    "WebhookUnavailable": r"\bwebhooks?\b",
    "FailedCreate": r"\b(not|never|cannot be) created\b",
    "Evicted": r"\bevict\w*",
    "Preempted": r"\bpreempt\w*",
    "NodeNotReady": r"\bnode (is )?(lost|gone|not ready)\b",
    "TerminatingStuck": r"\bterminating\b",
    "ProgressDeadlineExceeded": r"\bprogress deadline\b|\brollout\b",
    "RolloutPaused": r"\bpaused?\b|\brollout\b",
    "RolloutBlocked": r"\brollout\b",
    "DaemonSetNotScheduled": r"\bdaemon ?sets?\b",
    "BackoffLimitExceeded": r"\bback-?off ?limit\b|\bjob fail\w*",
    "DeadlineExceeded": r"\b(active )?deadline\b",
    "CronJobSuspended": r"\bsuspend\w*",
    "CronJobScheduleInvalid": r"\bschedule\b(?! on)",
    "CronJobMissedRuns": r"\bmissed\b",
    "CronJobForbidden": r"\bforbid\w* concurren\w*|\bconcurrency\b",
    "ServiceSelectorMismatch": r"\bselector\b|\bendpoints?\b",
    "ServiceNotReady": r"\bendpoints?\b",
    "ServicePortMismatch": r"\btarget ?port\b",
    "BackendServiceMissing": r"\bbackends?\b|\bingress\b",
    "BackendPortMissing": r"\bbackends?\b|\bingress\b",
    "IngressClassMissing": r"\bingress ?class\b|\bingress\b",
    "TLSSecretMissing": r"\btls\b|\bcertificate\b",
    "HostConflict": r"\bhost ?names?\b|\bhost conflict\b",
    "NetworkPolicyBlocksDNS": r"\bnetwork ?polic(y|ies)\b|\bdns\b",
    "NetworkPolicyBlocksIngress": r"\bnetwork ?polic(y|ies)\b",
    "HPATargetMissing": r"\bhpa\b|\bautoscal\w*",
    "HPANoRequests": r"\bhpa\b|\bautoscal\w*",
    "HPANoMetrics": r"\bhpa\b|\bautoscal\w*|\bmetrics\b",
    "HPAAtMaximum": r"\bhpa\b|\bautoscal\w*",
    "PDBBlocksDisruption": r"\bpdb\b|\bdisruption\b",
    "RBACForbidden": r"\brbac\b|\bforbidden\b|\bpermissions?\b",
}
"""What people say of a cause, each of `tools.diagnose.findings.Cause`; its own name counts too."""


def choose(conversation: Conversation) -> Play:
    """The play for a task."""
    owner = owner_of(conversation.task)
    if owner is not None:
        return outside_remit(*owner)
    tools = {tool.name: tool for tool in conversation.tools}
    found = match_phrase(conversation.task, conversation.context, conversation.tools)
    if found is not None and not (_FAULT.search(conversation.task) and found.tool.name == "diagnose"):
        return call(found.tool.name, found.arguments, found.missing, tools)
    if _FAULT.search(conversation.task) and "diagnose" in tools:
        return find_and_mend(conversation)
    return not_understood(conversation)


def owner_of(task: str) -> tuple[str, str] | None:
    """(agent, what) of a task that is another agent's."""
    table = _REMIT if _RUNS_BADLY.search(task) else (*_REMIT, *_REMIT_UNLESS_FAULT)
    found = ((agent, what) for agent, what, pattern in table if re.search(pattern, task, re.IGNORECASE))
    return next(found, None)


def wants_mending(task: str) -> bool:
    """Whether a task tells to mend, and does not just ask how it would be done, or forbid it."""
    return orders(task, _MEND) and not _DO_NOT.search(task) and not _HOW.search(task)


def outside_remit(agent: str, what: str) -> Play:
    """Say whose it is, and end."""
    yield Move("refer", {"agent": agent, "summary": f"This is about {what}, which is {agent}'s. Ask {agent}."})


def not_understood(conversation: Conversation) -> Play:
    """Say what was not understood, and what could be asked."""
    can = "; ".join(phrase for tool in conversation.tools for phrase in tool.phrases[:2])
    summary = (
        f'I work without a language model here and do not understand "{conversation.task}". I understand: '
        f"why does NAME crash in NAMESPACE?; find out what is wrong in NAMESPACE and fix it; {can}."
    )
    yield Move("finish", {"outcome": "failed", "summary": summary[:8000], "next_action": "say it in these words"})


def call(tool: str, arguments: Json, missing: tuple[str, ...], tools: Mapping[str, ToolSpec]) -> Play:
    """Make the one call the task names; when it rolls a workload anew, wait until that holds."""
    if missing:
        summary = f"For {tool} I need {' and '.join(missing)}; the task does not say it."
        yield Move("finish", {"outcome": "failed", "summary": summary})
        return
    answer = yield Move(tool, arguments)
    text = answer.text
    if answer.changed and (workload := _rolled(tool, arguments, tools)):
        waited = yield Move("wait_for_rollout", workload, "I wait until it holds.")
        answer, text = waited, f"{text}\n{waited.text}"
    yield Move("finish", {"outcome": "done" if answer.ok else "failed", "summary": text[:8000]})


def find_and_mend(conversation: Conversation) -> Play:
    """Diagnose; explain; when asked to, mend each fault, and look again whether it is gone."""
    tools = {tool.name: tool for tool in conversation.tools}
    task = _without_login(conversation.task, tools)
    namespace = namespace_of(task, conversation.context)
    if not namespace:
        yield Move("finish", {"outcome": "failed", "summary": _which_namespace(conversation)})
        return
    answer = yield Move("diagnose", {"namespace": namespace}, f"I look at what runs in {namespace}.")
    if not answer.ok:
        yield Move("finish", {"outcome": "failed", "summary": answer.text})
        return
    report = answer.data or {}
    findings = concerned(task, namespace, report.get("findings", []))
    if findings and not names_one(task, namespace, findings):
        pods = yield Move("list", {"kind": "pods", "namespace": namespace})
        subject = _subject(task, namespace, (pods.data or {}).get("names", []))
        if subject:
            summary = f"Nothing is broken with {subject} in {namespace}. {_others(findings)}"
            yield Move("finish", {"outcome": "done", "summary": summary})
            return
        if unknown := _unknown_object(task, namespace):
            summary = f"There is no {unknown} in {namespace}. {_others(findings)}"
            yield Move("finish", {"outcome": "failed", "summary": summary})
            return
    if not findings or not wants_mending(task):
        yield Move("finish", {"outcome": "done", "summary": explain(namespace, report, findings)})
        return
    told: list[str] = []
    mended, registries = True, _registries(findings)
    login = conversation.task if len(registries) == 1 else ""
    if len(registries) > 1:
        told.append(f"{' and '.join(sorted(registries))} each want a login of their own: mend what pulls from one.")
    for number, finding in enumerate(findings):
        held, text = yield from mend(login, finding, tools, looked_just_now=number == 0)
        mended, told = mended and held, [*told, text]
    yield Move("finish", {"outcome": "done" if mended else "failed", "summary": "\n\n".join(told)[:8000]})


def _without_login(task: str, tools: Mapping[str, ToolSpec]) -> str:
    """The task without whose login at a registry it says: a user's name is no workload's."""
    tool = tools.get("create_pull_secret")
    return without_rest(task, tool, {"registry": ""}) if tool else task


def _registries(findings: list[Json]) -> set[str]:
    """The registries that pull secrets are to be made for."""
    remedies = [remedy for finding in findings for remedy in finding.get("remedies", [])]
    return {remedy["arguments"]["registry"] for remedy in remedies if remedy.get("tool") == "create_pull_secret"}


Told = Generator[Move, ToolAnswer, tuple[bool, str]]


def mend(task: str, finding: Json, tools: Mapping[str, ToolSpec], *, looked_just_now: bool) -> Told:
    """Try a finding's remedies until one holds, at most three; gives whether one did, and the story.

    One that does not hold is undone, unless the next goes on from it: the same tool with other arguments, or
    one for another cause that is seen now that the first is gone.
    """
    story = [_story(finding)]
    current, name = finding, finding["object"]["name"]
    if not looked_just_now:  # somebody may have mended it while the one before was waited for
        looked = yield Move("diagnose", _where(finding), f"Next, {name}: I look again.")
        found = _same(finding, (looked.data or {}).get("findings", [])) if looked.ok else finding
        if found is None:
            return True, "\n".join([*story, f"Meanwhile {name} is healthy."])
        current = found
    tried: list[tuple[str, Json]] = []
    standing: list[str] = []
    while len(tried) < MAX_ATTEMPTS and (remedy := _untried(task, current, tried, tools)):
        tried.append((remedy["tool"], remedy["arguments"]))
        changed = yield Move(*tried[-1], f"{current['summary']}. I try: {remedy['title']}.")
        story.append(changed.text)
        if changed.error == "denied" or changed.text.startswith("Dry run: "):
            return changed.ok, "\n".join(story)
        if changed.changed:
            standing.append(changed.tool_use_id)
        link = _link_of(remedy, _untried(task, current, tried, tools))
        if link is not None and not changed.ok:  # there is nothing to link
            tried.append((link["tool"], link["arguments"]))
        if link is not None or not changed.ok:
            continue
        waited = yield from _watch(remedy, current, tools, standing)
        looked = yield Move("diagnose", _where(finding), "I look again.")
        story.append(waited.text)
        after = _same(finding, (looked.data or {}).get("findings", []))
        if after is None and waited.ok and looked.ok:
            return True, "\n".join([*story, f"{name} is healthy now."])
        if after is not None and _fault(after) != _fault(current):
            story.append(f"{current['cause']} is gone; what is left is {after['cause']}: {after['summary']}.")
            current, standing = after, []
        elif after and (following := _untried(task, after, tried, tools)) and following["tool"] == remedy["tool"]:
            current = after
        else:
            story += yield from _take_back(standing, tools)
            standing = []
    story += yield from _take_back(standing, tools)
    tell = f"After {len(tried)} attempts it is not mended. " if tried else ""
    return False, "\n".join([*story, f"{tell}{_no_remedy(task, current, tried, tools)}"])


def _untried(task: str, finding: Json, tried: list[tuple[str, Json]], tools: Mapping[str, ToolSpec]) -> Json | None:
    """The first remedy that can be called, with what the task says of it, and was not called in the same words.

    None that uses what one before it would have to make.
    """
    unmade = set()
    for remedy in finding.get("remedies", []):
        tool = tools.get(remedy.get("tool") or "")
        if tool is None:
            continue
        arguments = remedy["arguments"]
        if _missing(tool, arguments):
            arguments = match_rest(task, tool, arguments)
        if _missing(tool, arguments):
            unmade.add(arguments.get("pull_secret", tool.name))
        elif arguments.get("pull_secret") not in unmade and (tool.name, arguments) not in tried:
            return {**remedy, "arguments": arguments}
    return None


def _missing(tool: ToolSpec, arguments: Json) -> list[str]:
    return [name for name in tool.schema.get("required", ()) if name not in arguments]


def _link_of(remedy: Json, following: Json | None) -> Json | None:
    """The next remedy, where it links the pull secret that this one makes."""
    if following is None or (remedy["tool"], following["tool"]) != ("create_pull_secret", "link_pull_secret"):
        return None
    return following if remedy["arguments"]["pull_secret"] == following["arguments"]["pull_secret"] else None


def _fault(finding: Json) -> tuple[str, str | None]:
    return finding["cause"], finding.get("container")


def _watch(
    remedy: Json, finding: Json, tools: Mapping[str, ToolSpec], standing: list[str]
) -> Generator[Move, ToolAnswer, ToolAnswer]:
    """Wait until a remedy holds: for the rollout it makes, or until its object has no fault any more.

    A restart that it takes is one more of the changes that stand.
    """
    target, arguments = finding["object"], remedy["arguments"]
    rolled = _rolled(remedy["tool"], arguments, tools)
    kind = {"kind": target["kind"], "namespace": target["namespace"], "name": target["name"]}
    if rolled is None and target["kind"] in _choices(tools.get("wait_for_rollout"), "kind"):
        if arguments.get("name") != target["name"] and finding["cause"] == "ImagePullBackOff":
            restarted = yield Move("restart", kind, "Only new pods take that up, so I restart it.")
            standing += [restarted.tool_use_id] if restarted.changed else []
        rolled = {**kind, "timeout_s": ROLLOUT_TIMEOUT_S}
    if rolled is not None:
        return (yield Move("wait_for_rollout", rolled, "I wait until it holds."))
    return (yield Move("wait_until_mended", kind, "I wait until it holds."))


def _take_back(calls: list[str], tools: Mapping[str, ToolSpec]) -> Generator[Move, ToolAnswer, list[str]]:
    """Undo the last changes, which did not hold; gives what is to be said of it."""
    told: list[str] = []
    for call_id in reversed(calls if "undo_last" in tools else []):
        undone = yield Move("undo_last", {"call": call_id}, "That did not hold: I take it back.")
        told.append(f"That did not hold. {undone.text}")
    return told


def concerned(task: str, namespace: str, findings: list[Json]) -> list[Json]:
    """The findings a task is about: those it names by object or pod; else by container; by cause; else all."""
    if means_everything(task):
        return findings
    said = object_words(task, (namespace,))
    for names in (_names, _containers):
        named = [finding for finding in findings if said & set(names(finding))]
        if named:
            return named
    causes = {
        cause for cause, pattern in _CAUSES.items() if re.search(rf"{pattern}|\b{cause}\b", task, re.IGNORECASE)
    }
    of_cause = [finding for finding in findings if finding["cause"] in causes]
    return of_cause or findings


def names_one(task: str, namespace: str, findings: list[Json]) -> bool:
    """Whether the task names the object or a pod of one of these findings, or means them all."""
    said = object_words(task, (namespace,))
    return means_everything(task) or any(said & set(_names(finding)) for finding in findings)


def _subject(task: str, namespace: str, pods: list[str]) -> str:
    """The workload that a task names, going by the names of the pods there."""
    said = object_words(task, (namespace,))
    return next((word for word in words(task) if word in said and _has_pod(word, pods)), "")


def _has_pod(workload: str, pods: list[str]) -> bool:
    return any(pod.startswith(f"{workload}-") for pod in pods)


def _unknown_object(task: str, namespace: str) -> str:
    """What a task tells to mend by a name that nothing there has."""
    found = _MEND_WHAT.search(task)
    name = found.group(1).lower() if found else ""
    return "" if name in _NO_OBJECT or name == namespace else name


def _others(findings: list[Json]) -> str:
    return "Broken there: " + ", ".join(f"{f['object']['name']} ({f['cause']})" for f in findings) + "."


def explain(namespace: str, report: Json, findings: list[Json]) -> str:
    """What was found, why it happens and what to type, for the developer."""
    if not findings:
        checked = ", ".join(f"{count} {kind}" for kind, count in report.get("checked", {}).items())
        unknown = "; ".join(report.get("not_checked", []))
        return f"Nothing is broken in {namespace} (checked: {checked})." + (
            f" Not checked: {unknown}." if unknown else ""
        )
    return "\n\n".join(_story(finding) + _what_to_type(finding) for finding in findings)[:8000]


def _story(finding: Json) -> str:
    lines = [f"{finding['cause']}: {finding['summary']}", f"Why: {finding['why']}"]
    lines += [f"Evidence ({e['source']}): {e['text']}" for e in finding.get("evidence", [])[:3]]
    return "\n".join(lines)


def _what_to_type(finding: Json) -> str:
    return "".join(f"\nTo {r['title']}: {r['command']}" for r in finding.get("remedies", []) if r.get("command"))


def _no_remedy(task: str, finding: Json, tried: list[tuple[str, Json]], tools: Mapping[str, ToolSpec]) -> str:
    further = "further " if tried else ""
    return f"I have no {further}tool that mends this.{_untold(task, finding, tools)}{_what_to_type(finding)}"


def _untold(task: str, finding: Json, tools: Mapping[str, ToolSpec]) -> str:
    """What a task would have to say besides for a remedy to be tried."""
    for remedy in finding.get("remedies", []):
        tool = tools.get(remedy.get("tool") or "")
        if tool is None or not _missing(tool, match_rest(task, tool, remedy["arguments"])):
            continue
        for rest in filter(None, (rest_of(phrase, remedy["arguments"]) for phrase in tool.phrases)):
            said = re.sub(r"\{(\w+)\}", lambda slot: slot[1].upper(), rest)
            return f' It would do to say in the task, besides: "{said}".'
    return ""


def _names(finding: Json) -> Iterable[str]:
    yield finding["object"]["name"].lower()
    yield from (pod.lower() for pod in finding.get("affected", []))


def _containers(finding: Json) -> Iterable[str]:
    if finding.get("container"):
        yield finding["container"].lower()


def _which_namespace(conversation: Conversation) -> str:
    known = ", ".join(conversation.context.namespaces) or "none that I may list"
    return f'I do not know which namespace "{conversation.task}" means. Name one of: {known}.'[:8000]


def _same(finding: Json, findings: list[Json]) -> Json | None:
    return next((other for other in findings if other["object"] == finding["object"]), None)


def _where(finding: Json) -> Json:
    """What to diagnose to see a finding again: a workload by its name; else all, as far as it reaches."""
    target: Json = finding["object"]
    by_name = target["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Pod")
    return {"namespace": target["namespace"], **({"name": target["name"]} if by_name else {})}


def _rolled(tool: str, arguments: Json, tools: Mapping[str, ToolSpec]) -> Json | None:
    """What to wait for after a call: the workload it changes, when its kind is one that rolls out."""
    kind = arguments.get("kind") or _property(tools.get(tool), "kind").get("default")
    if kind not in _choices(tools.get("wait_for_rollout"), "kind") or not _choices(tools.get(tool), "kind"):
        return None
    named: Json = {key: arguments[key] for key in ("namespace", "name", "kind") if key in arguments}
    return {**named, "timeout_s": ROLLOUT_TIMEOUT_S}


def _choices(tool: ToolSpec | None, name: str) -> tuple[str, ...]:
    """The closed set that an argument's value is one of; empty when there is none."""
    return tuple(_property(tool, name).get("enum", ()))


def _property(tool: ToolSpec | None, name: str) -> Json:
    found: Json = tool.schema.get("properties", {}).get(name, {}) if tool else {}
    return found
