"""The only door to the Kubernetes API: build a request, send it, read its JSON, name its errors.

Objects are the API's own JSON (`dict[str, Any]`), not the client's models: nothing is lost on the way.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlencode

from tools.cluster import errors
from tools.cluster.resources import (
    BUILTIN,
    ObjectRef,
    Resource,
    find,
    parse_resource_list,
    takes_strategic_merge,
)
from tools.cluster.transport import Answer, Headers, NoAnswer, Request
from tools.json import Json

if TYPE_CHECKING:
    from tools.cluster.endpoint import Endpoint

Objects = list[Json]
Resources = list[Resource]
Errors = tuple[type[errors.ClusterError], ...]
Pages = Generator[bytes, str | None, None]

log = logging.getLogger(__name__)

FIELD_MANAGER = "desk-agent"
PAGE_OBJECTS = 500
RETRY_AFTER_S = (0.3, 1.0)
RETRY_AFTER_LIMIT_S = 10.0
CONNECT_TIMEOUT_S = 10.0
PATIENCE = 1.25
"""How long a request may take with all its tries while nothing answers, in timeouts."""

_NOT_OF_KUBELET = (errors.Unreachable, errors.Throttled)
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
_STRATEGIC_MERGE = "application/strategic-merge-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


class Identity(NamedTuple):
    """Who the API server says we are (SelfSubjectReview)."""

    username: str
    groups: tuple[str, ...] = ()


class Access(NamedTuple):
    """One question to the API server's authorizer; `name` empty asks for every object of the kind."""

    verb: str
    group: str
    resource: str
    namespace: str | None
    name: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'/' + self.name if self.name else ''}{where}"


class Cluster(Protocol):
    """What tools may ask of a cluster. Every method raises a `ClusterError` when the answer is no."""

    namespace: str
    """The namespace of the kubeconfig's context; `default` when it names none."""
    fingerprint: str
    """Which cluster this is: the digest of its CA, or its address when there is none."""
    address: str
    """Where its API server is: `https://HOST:PORT`."""
    authority: bytes
    """The CA certificate (PEM) that it is known by; empty: one that the system trusts."""

    def find(self, word: str) -> Resource: ...
    def serves(self, api_version: str, kind: str) -> bool: ...
    def groups(self) -> dict[str, str]: ...
    def read(self, target: ObjectRef) -> Json: ...
    def get(self, word: str, name: str, namespace: str | None) -> Json: ...
    def list(
        self,
        word: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
    ) -> Objects: ...
    def pages(
        self,
        word: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        names_only: bool = False,
    ) -> Pages: ...
    def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str | None = None,
        previous: bool = False,
        tail_lines: int = 100,
        limit_bytes: int = 256_000,
        timeout_s: float | None = None,
    ) -> str: ...
    def patch(self, target: ObjectRef, body: Json, *, dry_run: bool = False) -> Json: ...
    def apply(self, target: ObjectRef, body: Json, *, force: bool = False, dry_run: bool = False) -> Json: ...
    def warnings(self, target: ObjectRef, body: Json) -> tuple[str, ...]: ...
    def create(self, target: ObjectRef, body: Json, *, dry_run: bool = False) -> Json: ...
    def delete(self, target: ObjectRef, *, uid: str, resource_version: str, dry_run: bool = False) -> None: ...
    def issue_token(self, account: Json, secret: Json, *, expires_after_s: int) -> Json: ...
    def whoami(self) -> Identity: ...
    def may(self, access: Access) -> bool: ...
    def may_other(self, access: Access, user: str, groups: tuple[str, ...]) -> tuple[bool, str]: ...
    def review_token(self, token: str, audience: str) -> Identity: ...
    def rules(self, namespace: str) -> Objects: ...
    def all_rules(self, namespace: str) -> Objects | None: ...
    def version(self, *, timeout_s: float | None = None) -> str: ...


class HttpCluster:
    """`Cluster` over HTTP. `timeout_s` is the longest wait for one answer, `sleep` how one waits to ask again."""

    def __init__(
        self, endpoint: Endpoint, *, timeout_s: float, sleep: Callable[[float], None] | None = None
    ) -> None:
        self.namespace = endpoint.namespace
        self.fingerprint = endpoint.fingerprint
        self.address = endpoint.host
        self.authority = endpoint.authority
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._sleep = sleep or time.sleep
        self._discovered: Resources | None = None
        self._groups: dict[str, str] | None = None
        self._served: dict[str, Resources] = {}

    def find(self, word: str) -> Resource:
        """The resource kubectl would mean by `word`; `NotFound` names what to list instead."""
        known = find(word) or (self._of_group(word) if "." in word else find(word, self._discover()))
        if known is None:
            raise errors.NotFound(f'The cluster has no kind "{word}". List its kinds: kubectl api-resources.')
        return known

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API has this kind in this version."""
        return any(each.kind == kind for each in self._of_version(api_version))

    def groups(self) -> dict[str, str]:
        """The API groups that the cluster serves, each with its preferred version: `{"apps": "apps/v1"}`."""
        if self._groups is None:
            told = self._json("GET", "/apis", doing="list the API groups").get("groups") or ()
            self._groups = {group["name"]: group["preferredVersion"]["groupVersion"] for group in told}
        return self._groups

    def read(self, target: ObjectRef) -> Json:
        """The object of this very apiVersion, kind, namespace and name: a kind's word alone may mean another's."""
        path = self._resource_of(target).path(target.namespace, target.name)
        return self._json("GET", path, doing=f"get {target}")

    def get(self, word: str, name: str, namespace: str | None) -> Json:
        """One object, as the API gives it."""
        resource = self.find(word)
        return self._json("GET", resource.path(namespace, name), doing=f"get {resource.plural}/{name}")

    def list(
        self,
        word: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
    ) -> Objects:
        """All objects of a kind, page by page, `limit` at most; `namespace` None: of all namespaces."""
        resource = self.find(word)
        query = _given(labelSelector=label_selector, fieldSelector=field_selector)
        objects: Objects = []
        for page in self._pages(resource, namespace, query, limit or PAGE_OBJECTS):
            objects += page
            if limit is not None and len(objects) >= limit:
                return objects[:limit]
        return objects

    def pages(
        self,
        word: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        names_only: bool = False,
    ) -> Pages:
        """A list page by page, as the API's own bytes: for who decodes only a part of it.

        Send the token of the next page in, once a page has told it; nothing ends it. `names_only` asks for the
        objects' metadata alone: nothing else of them leaves the server.
        Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-partial-metadata
        """
        resource = self.find(word)
        path = resource.path(namespace)
        doing = f"list {resource.plural}" + (f" in {namespace}" if namespace else "")
        accept = _METADATA_ONLY if names_only else ""
        token = ""
        while True:
            query = _given(
                labelSelector=label_selector,
                fieldSelector=field_selector,
                limit=str(PAGE_OBJECTS),
                **{"continue": token},
            )
            sent = yield self._send("GET", path, query, accept=accept, doing=doing)
            token = sent or ""

    def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str | None = None,
        previous: bool = False,
        tail_lines: int = 100,
        limit_bytes: int = 256_000,
        timeout_s: float | None = None,
    ) -> str:
        """The last lines of a container's log; invalid UTF-8 is replaced.

        A failure of the node's kubelet, which keeps the log, is told at once: it does not pass in a second.
        """
        path = self.find("pods").path(namespace, pod, "log")
        while True:
            query = _given(
                container=container or "",
                previous="true" if previous else "",
                tailLines=str(tail_lines),
                limitBytes=str(limit_bytes),
            )
            text = self._send(
                "GET",
                path,
                query,
                again_after=_NOT_OF_KUBELET,
                timeout_s=timeout_s,
                most_bytes=limit_bytes,  # some kubelets know no limit
                doing=f"read the log of pod {pod}",
            )
            if len(text) < limit_bytes or tail_lines == 1:
                return text.decode("utf-8", "replace")
            tail_lines = max(1, tail_lines // 4)  # the kubelet cuts the end off, where the news is

    def patch(self, target: ObjectRef, body: Json, *, dry_run: bool = False) -> Json:
        """Patch as field manager `desk-agent`: by strategic merge where the kind takes that, else a merge patch.

        Gives the object as it then is.

        A `metadata.resourceVersion` in the body makes the API server refuse (`Conflict`) when it is not the
        live one. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
        """
        return self._json(
            "PATCH",
            self._resource_of(target).path(target.namespace, target.name),
            _given(fieldManager=FIELD_MANAGER, dryRun="All" if dry_run else ""),
            body=body,
            content_type=_STRATEGIC_MERGE if takes_strategic_merge(target.api_version) else _MERGE_PATCH,
            again=dry_run,
            doing=f"patch {target}",
        )

    def apply(self, target: ObjectRef, body: Json, *, force: bool = False, dry_run: bool = False) -> Json:
        """Server-side apply as field manager `desk-agent`: the object is made, or gets these fields.

        `FieldConflict` where another manager has set one of them otherwise, unless `force` takes it over.
        Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
        """
        return self._json(
            "PATCH",
            self._resource_of(target).path(target.namespace, target.name),
            _given(fieldManager=FIELD_MANAGER, force="true" if force else "", dryRun="All" if dry_run else ""),
            body=body,
            content_type=_APPLY,
            again=dry_run,
            doing=f"apply {target}",
        )

    def warnings(self, target: ObjectRef, body: Json) -> tuple[str, ...]:
        """What the API server warns of when this is applied, by a dry run.

        Source: https://kubernetes.io/blog/2020/09/03/warnings/ and RFC 7234, section 5.5: `299 - "text"`
        """
        answer = self._answer(
            "PATCH",
            self._resource_of(target).path(target.namespace, target.name),
            _given(fieldManager=FIELD_MANAGER, force="true", dryRun="All"),
            body=body,
            content_type=_APPLY,
            again=True,
            doing=f"apply {target}",
        )
        return tuple(_quoted(each) for each in answer.warnings)

    def create(self, target: ObjectRef, body: Json, *, dry_run: bool = False) -> Json:
        """Create the object as field manager `desk-agent`; `Conflict` when there is one of its name."""
        return self._json(
            "POST",
            self._resource_of(target).path(target.namespace),
            _given(fieldManager=FIELD_MANAGER, dryRun="All" if dry_run else ""),
            body=body,
            again=dry_run,
            doing=f"create {target}",
        )

    def delete(self, target: ObjectRef, *, uid: str, resource_version: str, dry_run: bool = False) -> None:
        """Delete the object and, in the background, what it owns.

        `Conflict` when it is another object than that of this uid, or has another resourceVersion by now.
        Source: `DeleteOptions.preconditions` of meta/v1.
        """
        options: Json = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid, "resourceVersion": resource_version},
        }

        self._json(
            "DELETE",
            self._resource_of(target).path(target.namespace, target.name),
            body={**options, **({"dryRun": ["All"]} if dry_run else {})},
            again=dry_run,
            doing=f"delete {target}",
        )

    def issue_token(self, account: Json, secret: Json, *, expires_after_s: int) -> Json:
        """A token of a service account, bound to a Secret: with its deletion it is revoked.

        Gives `token` and `expirationTimestamp`; the server may have shortened it. Both objects are live ones.
        Source: the TokenRequest API (authentication.k8s.io/v1)
        """
        named, bound = account["metadata"], secret["metadata"]
        reference = {"apiVersion": "v1", "kind": "Secret", "name": bound["name"], "uid": bound["uid"]}
        body: Json = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": expires_after_s, "boundObjectRef": reference},
        }
        path = self.find("ServiceAccount").path(named["namespace"], named["name"], "token")
        status = self._json("POST", path, body=body, doing=f"ask for a token of {named['name']}").get("status")
        return status if isinstance(status, dict) else {}

    def whoami(self) -> Identity:
        """Our user name and groups. Source: the SelfSubjectReview API (authentication.k8s.io/v1)."""
        status = self._review("authentication.k8s.io/v1", "SelfSubjectReview", {})
        user = status.get("userInfo") or {}
        return Identity(str(user.get("username", "")), tuple(user.get("groups") or ()))

    def may(self, access: Access) -> bool:
        """Whether we may do that. Source: the SelfSubjectAccessReview API (authorization.k8s.io/v1)."""
        spec = {"resourceAttributes": _attributes(access)}
        return bool(self._review("authorization.k8s.io/v1", "SelfSubjectAccessReview", spec).get("allowed"))

    def may_other(self, access: Access, user: str, groups: tuple[str, ...]) -> tuple[bool, str]:
        """Whether somebody else may do that, and why; `Forbidden` where we may not ask for others.

        Source: the SubjectAccessReview API (authorization.k8s.io/v1), and LocalSubjectAccessReview, which who
        administers a namespace may use.
        """
        group = "authorization.k8s.io/v1"
        spec: Json = {"user": user, "groups": list(groups), "resourceAttributes": _attributes(access)}
        try:
            status = self._review(group, "SubjectAccessReview", spec)
        except errors.Forbidden:
            if not access.namespace:
                raise
            status = self._review(group, "LocalSubjectAccessReview", spec, namespace=access.namespace)
        return bool(status.get("allowed")), str(status.get("reason") or "")

    def review_token(self, token: str, audience: str) -> Identity:
        """Whose token this is; `Unauthorized` for one that is not good, or was not issued for `audience`.

        An authenticator that knows no audiences names none, and such a token is one for the API server.
        Source: the TokenReview API (authentication.k8s.io/v1)
        """
        status = self._review("authentication.k8s.io/v1", "TokenReview", {"token": token, "audiences": [audience]})
        user = status.get("user") or {}
        is_good = status.get("authenticated") and audience in (status.get("audiences") or ())
        if not is_good or not user.get("username"):
            raise errors.Unauthorized(errors.capped(status.get("error") or f"it was not issued for {audience}"))
        return Identity(str(user["username"]), tuple(user.get("groups") or ()))

    def rules(self, namespace: str) -> Objects:
        """What we may do in a namespace, as resource rules, as far as the API server can tell.

        Source: the SelfSubjectRulesReview API.
        """
        return list(self._rules(namespace).get("resourceRules") or ())

    def all_rules(self, namespace: str) -> Objects | None:
        """As `rules`; None where an authorizer besides RBAC has a say that the API server cannot list."""
        status = self._rules(namespace)
        return None if status.get("incomplete") else list(status.get("resourceRules") or ())

    def _rules(self, namespace: str) -> Json:
        return self._review("authorization.k8s.io/v1", "SelfSubjectRulesReview", {"namespace": namespace})

    def bearer_token(self) -> str | None:
        """The token we send, if any: for the redactor, which must know what to mask."""
        value = self._endpoint.authorization()
        return value.removeprefix("Bearer ") if value else None

    def version(self, *, timeout_s: float | None = None) -> str:
        """The API server's `gitVersion`."""
        told = self._json("GET", "/version", timeout_s=timeout_s, doing="ask for the version")
        return str(told.get("gitVersion", "unknown"))

    def _review(self, api_version: str, kind: str, spec: Json, namespace: str | None = None) -> Json:
        body: Json = {"apiVersion": api_version, "kind": kind, "spec": spec}
        if namespace:
            body["metadata"] = {"namespace": namespace}
        path = Resource(api_version, kind, f"{kind.lower()}s").path(namespace)
        answer = self._json("POST", path, body=body, again=True, doing=f"ask for a {kind}")
        status = answer.get("status")
        return status if isinstance(status, dict) else {}

    def _resource_of(self, target: ObjectRef) -> Resource:
        wanted = (target.api_version, target.kind)
        for resources in (lambda: BUILTIN, lambda: self._of_version(target.api_version)):
            for resource in resources():
                if (resource.api_version, resource.kind) == wanted:
                    return resource
        raise errors.NotFound(f"The cluster does not serve {target.kind} of {target.api_version}.")

    def _of_group(self, word: str) -> Resource | None:
        """The kind that `PLURAL.GROUP` names: that group alone is asked for its kinds."""
        version = self.groups().get(word.partition(".")[2].lower())
        return None if version is None else find(word, self._of_version(version))

    def _of_version(self, api_version: str) -> Resources:
        """The kinds that the cluster serves in one version of a group; none where it has not got that."""
        if api_version not in self._served:
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                found = parse_resource_list(self._json("GET", path, doing=f"list the kinds of {path}"))
            except errors.NotFound:
                found = []
            self._served[api_version] = found
        return self._served[api_version]

    def _discover(self) -> Resources:
        if self._discovered is None:
            paths = ["/api/v1", *(f"/apis/{version}" for version in self.groups().values())]
            served = {path: self._served_at(path) for path in paths}
            self._served |= {path.split("/", 2)[2]: resources for path, resources in served.items() if resources}
            self._discovered = [resource for resources in served.values() for resource in resources]
        return self._discovered

    def _served_at(self, path: str) -> Resources:
        try:
            return parse_resource_list(self._json("GET", path, doing=f"list the kinds of {path}"))
        except (errors.ServerFailure, errors.NotFound):  # an aggregated API whose server is down
            return []

    def _pages(
        self, resource: Resource, namespace: str | None, query: Mapping[str, str], page_size: int
    ) -> Iterator[Objects]:
        token = ""
        while True:
            page = self._json(
                "GET",
                resource.path(namespace),
                {**query, **_given(limit=str(min(page_size, PAGE_OBJECTS)), **{"continue": token})},
                doing=f"list {resource.plural}" + (f" in {namespace}" if namespace else ""),
            )
            identity = {"apiVersion": resource.api_version, "kind": resource.kind}
            yield [{**identity, **item} for item in page.get("items") or ()]
            token = str((page.get("metadata") or {}).get("continue") or "")
            if not token:
                return

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Json | None = None,
        content_type: str = "application/json",
        again: bool = False,
        timeout_s: float | None = None,
        doing: str,
    ) -> Json:
        data = self._send(
            method, path, query or {},
            body=body, content_type=content_type, again=again, timeout_s=timeout_s, doing=doing,
        )  # fmt: skip
        try:
            document = json.loads(data)
        except ValueError as error:
            raise errors.ServerFailure(
                f"{doing}: {self.address} did not answer with JSON. Is it an API server?"
            ) from error
        if not isinstance(document, dict):
            raise errors.ServerFailure(f"{doing}: {self.address} did not answer with an object.")
        return document

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        body: Json | None = None,
        content_type: str = "application/json",
        accept: str = "",
        again: bool = False,
        again_after: Errors = errors.PASSING,
        timeout_s: float | None = None,
        most_bytes: int | None = None,
        doing: str,
    ) -> bytes:
        """The answer's body, or the beginning of it."""
        return self._answer(
            method, path, query,
            body=body, content_type=content_type, accept=accept, again=again,
            again_after=again_after, timeout_s=timeout_s, most_bytes=most_bytes, doing=doing,
        ).data  # fmt: skip

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        body: Json | None = None,
        content_type: str = "application/json",
        accept: str = "",
        again: bool = False,
        again_after: Errors = errors.PASSING,
        timeout_s: float | None = None,
        most_bytes: int | None = None,
        doing: str,
    ) -> Answer:
        """The answer. A read is sent again where it fails; what is not one, when `again` says it may be."""
        headers, whole_s = self._headers(content_type, accept), min(timeout_s or self._timeout_s, self._timeout_s)

        def send(within_s: float) -> Answer:
            return self._send_once(method, path, query, body, headers, within_s, most_bytes, doing)

        return _again(send, whole_s, again_after, self._sleep) if again or method == "GET" else send(whole_s)

    def _send_once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Json | None,
        headers: Headers,
        timeout_s: float,
        most_bytes: int | None,
        doing: str,
    ) -> Answer:
        request = Request(
            method,
            path + (f"?{urlencode(query)}" if query else ""),
            headers,
            None if body is None else _encoded(body),
            connect_s=min(timeout_s, CONNECT_TIMEOUT_S),
            read_s=timeout_s,
            most_bytes=most_bytes,
        )
        began = time.monotonic()
        try:
            answer = self._endpoint.transport.send(request)
        except NoAnswer as error:
            log.debug("%s %s", method, request.target, extra={"ms": _ms_since(began), "error": str(error)})
            raise errors.Unreachable(_no_answer(self.address, doing, error)) from error
        log.debug("%s %s", method, request.target, extra={"status": answer.status, "ms": _ms_since(began)})
        if answer.status >= 400:
            raise errors.from_status(
                answer.status, answer.data, doing=doing, host=self.address, retry_after=answer.retry_after
            )
        return answer

    def _headers(self, content_type: str, accept: str) -> Headers:
        accept = accept or "application/json, */*"
        own = (("Accept", accept), ("Content-Type", content_type), ("User-Agent", FIELD_MANAGER))
        headers = own + self._endpoint.impersonation
        authorization = self._endpoint.authorization()
        if not authorization:
            return headers
        if not (authorization.isascii() and authorization.isprintable()):
            raise errors.ClusterSettingsError(
                "The token of the kubeconfig holds a line break or a character that no HTTP header may have. "
                "Mend it, or name another kubeconfig with --kubeconfig FILE."
            )
        return (*headers, ("Authorization", authorization))


def _again(
    send: Callable[[float], Answer], timeout_s: float, after: Errors, sleep: Callable[[float], None]
) -> Answer:
    """Send what has no effect, up to three times while the API server is only indisposed.

    It is not waited for longer than `RETRY_AFTER_LIMIT_S`: who asks for more is told to the caller at once. And
    an API server that does not answer at all is given up after `PATIENCE` times the timeout, all tries together.
    """
    passing: Errors = (*after, errors.Modified)
    left_s, silence = PATIENCE * timeout_s, None
    for wait_s in RETRY_AFTER_S:
        begun = time.monotonic()
        try:
            return send(min(timeout_s, left_s))
        except passing as error:
            pause_s = max(wait_s, error.retry_after_s)
            if pause_s > RETRY_AFTER_LIMIT_S:
                raise
            if isinstance(error, errors.Unreachable):
                silence = silence or error  # that which was waited for longest
                left_s -= time.monotonic() - begun + pause_s
                if left_s <= 0:
                    raise silence from error
            log.info("asked again: %s", error, extra={"wait_s": pause_s})
            sleep(pause_s)
    return send(min(timeout_s, left_s))


def _ms_since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))


def _attributes(access: Access) -> Json:
    return _given(
        verb=access.verb,
        group=access.group,
        resource=access.resource,
        namespace=access.namespace or "",
        name=access.name,
        subresource=access.subresource,
    )


def _quoted(warning: str) -> str:
    """The text of a Warning header, which is quoted as in HTTP."""
    text = warning.partition('"')[2].rpartition('"')[0]
    return re.sub(r"\\(.)", r"\1", text)


def _encoded(body: Json) -> bytes:
    """JSON without escapes: what is applied is read as YAML, which has no pairs of surrogates for an emoji."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _given(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _no_answer(host: str, doing: str, error: NoAnswer) -> str:
    said = " ".join(str(error).split())[: errors.MESSAGE_LIMIT_CHARS]
    return (
        f"{doing}: no answer from the API server at {host}: {said}. "
        "Is the cluster up, and is this the right context? kubectl cluster-info tells."
    )
