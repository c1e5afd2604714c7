"""Find out what is wrong, and mend it: try a remedy, wait until it holds, look again, take back what did not."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from agent.model.playbook.concerned import concerned
from agent.model.playbook.moves import Move, Told
from agent.model.port import Conversation, ToolAnswer, ToolSpec
from agent.understanding.login import Login, login_of
from agent.understanding.wishes import Diagnosis
from tools.json import Json

MAX_ATTEMPTS = 3
ROLLOUT_TIMEOUT_S = 180
PATIENCE_S = 30
"""How long a fault may take to show itself where pods are not ready yet."""


def find_and_mend(conversation: Conversation, wish: Diagnosis, tools: Mapping[str, ToolSpec]) -> Told:
    """Diagnose; explain; when it is wished, mend each fault, and look again whether it is gone."""
    login, task = login_of(conversation.task)
    namespace = wish.namespace
    answer = yield Move("diagnose", {"namespace": namespace}, f"I look at what runs in {namespace}.")
    if not answer.ok:
        return False, answer.text
    report = answer.data or {}
    there = report.get("findings", [])
    findings = concerned(task, wish, there) or concerned(task, wish, (yield from _look_longer(wish)))
    if wish.names and not findings and there:
        return True, f"Nothing is broken with {' and '.join(wish.names)} in {namespace}. {_others(there)}"
    if not findings or not wish.mends:
        return True, explain(namespace, report, findings)
    return (yield from _mend_all(login, findings, tools, dry_run=conversation.context.dry_run))


def _look_longer(wish: Diagnosis) -> Generator[Move, ToolAnswer, list[Json]]:
    """Findings that show themselves only after a while, where pods are not ready yet."""
    found: list[Json] = []
    for name in wish.names or (None,):
        about: Json = {"namespace": wish.namespace, **({"name": name} if name else {}), "patience_s": PATIENCE_S}
        answer = yield Move("diagnose", about, "No fault shows: I look again while pods are not ready.")
        found += (answer.data or {}).get("findings", []) if answer.ok else []
    return found


def _mend_all(login: Login, findings: list[Json], tools: Mapping[str, ToolSpec], *, dry_run: bool) -> Told:
    told: list[str] = []
    mended, registries = True, _registries(findings)
    if len(registries) > 1:
        login = Login()
        told.append(f"{' and '.join(sorted(registries))} each want a login of their own: mend what pulls from one.")
    for number, finding in enumerate(findings):
        held, text = yield from mend(login, finding, tools, looked_just_now=number == 0, dry_run=dry_run)
        mended, told = mended and held, [*told, text]
    return mended, "\n\n".join(told)


def _registries(findings: list[Json]) -> set[str]:
    """The registries that pull secrets are to be made for."""
    remedies = [remedy for finding in findings for remedy in finding.get("remedies", [])]
    return {remedy["arguments"]["registry"] for remedy in remedies if remedy.get("tool") == "create_pull_secret"}


def _others(findings: list[Json]) -> str:
    return "Broken there: " + ", ".join(f"{f['object']['name']} ({f['cause']})" for f in findings) + "."


def mend(
    login: Login, finding: Json, tools: Mapping[str, ToolSpec], *, looked_just_now: bool, dry_run: bool
) -> Told:
    """Try a finding's remedies until one holds, at most three; gives whether one did, and the story.

    In a dry run the first that could be made is told.

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
    before = 0  # attempts at faults that are gone by now
    while len(tried) - before < MAX_ATTEMPTS and (remedy := _untried(login, current, tried, tools)):
        tried.append((remedy["tool"], remedy["arguments"]))
        changed = yield Move(*tried[-1], f"{name} ({current['cause']}), I try this: {remedy['title']}.")
        story.append(changed.text)
        if changed.error == "denied" or (dry_run and changed.ok):
            return changed.ok, "\n".join(story)
        if changed.changed:
            standing.append(changed.tool_use_id)
        link = _link_of(remedy, _untried(login, current, tried, tools))
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
            current, standing, before = after, [], len(tried)
        elif after and (following := _untried(login, after, tried, tools)) and following["tool"] == remedy["tool"]:
            current = after
        else:
            story += [f"With that, it was {after['cause']}: {after['summary']}."] if after is not None else []
            story += yield from _take_back(standing, tools)
            standing = []
    story += yield from _take_back(standing, tools)
    attempts = f"{len(tried)} attempt{'s' if len(tried) > 1 else ''}"
    tell = f"After {attempts} it is not mended. " if tried else ""
    return False, "\n".join([*story, f"{tell}{_no_remedy(login, current, tried, tools)}"])


def _untried(
    login: Login, finding: Json, tried: list[tuple[str, Json]], tools: Mapping[str, ToolSpec]
) -> Json | None:
    """The first remedy that can be called, with what the task says of it, and was not called in the same words.

    None that uses what one before it would have to make.
    """
    unmade = set()
    for remedy in finding.get("remedies", []):
        tool = tools.get(remedy.get("tool") or "")
        if tool is None:
            continue
        arguments = remedy["arguments"]
        if tool.name == "create_pull_secret":
            arguments = {**(login.fields if login.has_password else {}), **arguments}
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
    workload = rolled(remedy["tool"], arguments, tools)
    kind = {"kind": target["kind"], "namespace": target["namespace"], "name": target["name"]}
    if workload is None and target["kind"] in _choices(tools.get("wait_for_rollout"), "kind"):
        if arguments.get("name") != target["name"] and finding["cause"] == "ImagePullBackOff":
            restarted = yield Move("restart", kind, "Only new pods take that up, so I restart it.")
            standing += [restarted.tool_use_id] if restarted.changed else []
        workload = {**kind, "timeout_s": ROLLOUT_TIMEOUT_S}
    if workload is not None:
        return (yield Move("wait_for_rollout", workload, "I wait until it holds."))
    return (yield Move("wait_until_mended", kind, "I wait until it holds."))


def _take_back(calls: list[str], tools: Mapping[str, ToolSpec]) -> Generator[Move, ToolAnswer, list[str]]:
    """Undo the last changes, which did not hold; gives what is to be said of it."""
    told: list[str] = []
    for call_id in reversed(calls if "undo_last" in tools else []):
        undone = yield Move("undo_last", {"call": call_id}, "That did not hold: I take it back.")
        told.append(f"That did not hold. {undone.text}")
    return told


def explain(namespace: str, report: Json, findings: list[Json]) -> str:
    """What was found, why it happens and what to type, for the developer."""
    if not findings:
        checked = ", ".join(f"{count} {kind}" for kind, count in report.get("checked", {}).items())
        unknown = "; ".join(report.get("not_checked", []))
        starting = "; ".join(report.get("starting", []))
        well = f"Nothing shows yet in {namespace}, and it is still starting: {starting}." if starting else ""
        return (well or f"Nothing is broken in {namespace} (checked: {checked}).") + (
            f" Not checked: {unknown}." if unknown else ""
        )
    return "\n\n".join(_story(finding) + _what_to_type(finding) for finding in findings)[:8000]


def _story(finding: Json) -> str:
    lines = [f"{finding['cause']}: {finding['summary']}", f"Why: {finding['why']}"]
    lines += [f"Evidence ({e['source']}): {e['text']}" for e in finding.get("evidence", [])]
    return "\n".join(lines)


def _what_to_type(finding: Json, tried: Sequence[tuple[str, Json]] = ()) -> str:
    """What a person can do: not what was tried, and did not help."""
    left = [
        r
        for r in finding.get("remedies", [])
        if r.get("command") and (r.get("tool"), r.get("arguments")) not in tried
    ]
    return "".join(f"\n{remedy['title']}: {remedy['command']}" for remedy in left)


def _no_remedy(login: Login, finding: Json, tried: list[tuple[str, Json]], tools: Mapping[str, ToolSpec]) -> str:
    further = "further " if tried else ""
    return (
        f"I have no {further}tool that mends this.{_untold(login, finding, tools)}{_what_to_type(finding, tried)}"
    )


def _untold(login: Login, finding: Json, tools: Mapping[str, ToolSpec]) -> str:
    """What a task would have to say besides for a remedy to be tried."""
    makes = any(remedy.get("tool") == "create_pull_secret" for remedy in finding.get("remedies", []))
    if not makes or "create_pull_secret" not in tools:
        return ""
    if login.is_inline:
        return f" A password in a task is not taken: say where it is, {_LOGIN}."
    return "" if login.has_password else f" It would do to say in the task, besides: {_LOGIN}."


_LOGIN = '"with user USERNAME, password from file FILE"'


def _same(finding: Json, findings: list[Json]) -> Json | None:
    return next((other for other in findings if other["object"] == finding["object"]), None)


def _where(finding: Json) -> Json:
    """What to diagnose to see a finding again: a workload by its name; else all, as far as it reaches."""
    target: Json = finding["object"]
    by_name = target["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Pod")
    return {"namespace": target["namespace"], **({"name": target["name"]} if by_name else {})}


def rolled(tool: str, arguments: Json, tools: Mapping[str, ToolSpec]) -> Json | None:
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
