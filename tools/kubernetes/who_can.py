"""Who may do something in a namespace, and whether somebody may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from tools.cluster.client import Access
from tools.cluster.errors import Forbidden, NotFound
from tools.errors import ArgumentsError
from tools.frame import Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.rbac import (
    Grant,
    Roles,
    grants,
    groups_of,
    names_of,
    role_of,
)

_SHOWN = 60
_LIMITS = "What other authorizers than RBAC allow is not seen."

Subject = Annotated[str, Field(min_length=1, max_length=253)]


def who_can(
    context: ToolContext,
    *,
    namespace: Namespace,
    verb: Annotated[
        str, Field(pattern=r"^[a-z]+$|^\*$", max_length=30, description="get, list, create, delete ...")
    ],
    resource: Annotated[
        str,
        Field(
            pattern=r"^[a-zA-Z0-9.-]+(/[a-z]+)?$",
            max_length=253,
            description="As kubectl takes it: deploy, pods/log.",
        ),
    ],
    user: Annotated[
        Subject | None, Field(description="Only this one: ana, or system:serviceaccount:NAMESPACE:NAME.")
    ] = None,
    group: Annotated[
        Subject | None, Field(description="Only this group; with a user, one that user is in.")
    ] = None,
) -> Result:
    """Who may do something in a namespace by RBAC, and by which binding and role; with user or group: yes or no.

    A yes or no is the API server's own where we may ask it for others (SubjectAccessReview), else worked out.
    """
    access = _access(context, namespace, verb, resource)
    given, unread = _grants(context, access)
    if user is None and group is None:
        return _everybody(access, given, unread)
    groups = groups_of(user or "", [group] if group else [])
    own = [grant for grant in given if grant.subject in names_of(user or "", groups)]
    asked = _asked(context, access, user or "", groups)
    who = user or f"group {group}"
    return _one(who, access, own, unread) if asked is None else _told(who, access, own, *asked)


def _access(context: ToolContext, namespace: str, verb: str, word: str) -> Access:
    kind, _, subresource = word.partition("/")
    try:
        found = context.cluster.find(kind)
    except NotFound as error:
        raise ArgumentsError(f"who_can: {error}") from error
    return Access(verb, found.group, found.plural, namespace if found.namespaced else None, "", subresource)


def _grants(context: ToolContext, access: Access) -> tuple[list[Grant], list[str]]:
    """Who may do it, and what could not be looked at."""
    unread: list[str] = []
    roles = _roles(context, access.namespace, unread)
    bindings = _listed(context, "clusterrolebindings", None, unread)
    if access.namespace:
        bindings += _listed(context, "rolebindings", access.namespace, unread)
    unread += _unknown_roles(bindings, roles, unread)
    return sorted(grants(access, bindings, roles), key=lambda grant: grant.subject), unread


def _roles(context: ToolContext, namespace: str | None, unread: list[str]) -> Roles:
    listed = _listed(context, "clusterroles", None, unread)
    if namespace:
        listed += _listed(context, "roles", namespace, unread)
    return {(item["kind"], item["metadata"]["name"]): item for item in listed}


def _listed(context: ToolContext, word: str, namespace: str | None, unread: list[str]) -> list[Json]:
    try:
        return context.cluster.list(word, namespace)
    except Forbidden:
        unread.append(word)
        return []


def _unknown_roles(bindings: Iterable[Json], roles: Roles, unread: Iterable[str]) -> list[str]:
    """The bindings whose role could not be looked at: what they give is not known."""
    kinds = [kind for kind, word in (("ClusterRole", "clusterroles"), ("Role", "roles")) if word in unread]
    return [
        f"what {each['kind']} {each['metadata']['name']} gives with {' '.join(role_of(each))}"
        for each in bindings
        if role_of(each)[0] in kinds and role_of(each) not in roles
    ]


def _everybody(access: Access, given: list[Grant], unread: list[str]) -> Result:
    shown = [f"  {grant}" for grant in given[:_SHOWN]]
    if left := len(given) - len(shown):
        shown.append(f"  and {left} more")
    head = f"Who may {_said(access)}:" if given else f"Nobody may {_said(access)} by the RBAC that could be read."
    return Result("\n".join([head, *shown, *_caveats(unread), _LIMITS]), {"grants": [str(each) for each in given]})


def _asked(context: ToolContext, access: Access, user: str, groups: tuple[str, ...]) -> tuple[bool, str] | None:
    """What the API server says of somebody else; None where we may not ask it."""
    try:
        return context.cluster.may_other(access, user, groups)
    except Forbidden:
        return None


def _told(who: str, access: Access, own: list[Grant], allowed: bool, reason: str) -> Result:
    """The API server's answer, with the bindings that explain it."""
    by = [f"  {grant}" for grant in own]
    said = (
        f"{'Yes' if allowed else 'No'}: {who} may {'' if allowed else 'not '}{_said(access)}, says the API server"
    )
    bounded = [] if allowed or not own else ["For some objects only:"]
    return Result("\n".join([f"{said}{f' ({reason})' if reason else ''}.", *bounded, *by]), {"allowed": allowed})


def _one(who: str, access: Access, own: list[Grant], unread: list[str]) -> Result:
    """Yes or no as RBAC has it, for nobody may ask the API server for others here."""
    allowed = any(not grant.only for grant in own)
    answer = "Yes" if allowed else "Not known" if unread else "For some objects only" if own else "No"
    head = (
        f"{answer}: {who}, {_said(access)}. This is worked out from RBAC, for we may not ask the API server about "
        "others; groups that a login gives are not counted."
    )
    return Result("\n".join([head, *(f"  {grant}" for grant in own), *_caveats(unread)]), {"allowed": allowed})


def _caveats(unread: list[str]) -> list[str]:
    return [f"Not read, for we may not: {'; '.join(unread)}."] if unread else []


def _said(access: Access) -> str:
    subresource = f"/{access.subresource}" if access.subresource else ""
    group = f".{access.group}" if access.group else ""
    where = f" in {access.namespace}" if access.namespace else " in the cluster"
    return f"{access.verb} {access.resource}{subresource}{group}{where}"
