"""Secrets that the External Secrets Operator is to bring from a vault, and does not.

Source: https://external-secrets.io/latest/api/externalsecret/ and secretstore/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.delivery.facts.conditions import is_ready, ready
from tools.diagnose.facts.naming import typed
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.reading import Deliveries
    from tools.json import Json

_DOC = "https://external-secrets.io/latest/"

SECRET_STORE_NOT_READY = Cause(
    "SecretStoreNotReady",
    topic="security",
    means="A SecretStore cannot log in to its vault, so none of its secrets is brought or renewed.",
    why="Its credentials are missing, wrong or expired, or the vault does not answer.",
    mend="Mend what its condition names.",
    example="SecretStore vault is not ready: invalid vault credentials; ExternalSecret quay-push waits for it",
    source=_DOC + "api/secretstore/",
)
EXTERNAL_SECRET_NOT_SYNCED = Cause(
    "ExternalSecretNotSynced",
    topic="security",
    means="An ExternalSecret does not bring its Secret from the vault, or not its newest value.",
    why="The key or property is not in the vault, the store may not read it, or the store is not there.",
    mend="Correct the key that its condition names, or let the store read it.",
    example="ExternalSecret quay-push does not bring Secret quay-push: Secret does not exist: ci/quay",
    source=_DOC + "api/externalsecret/",
)


def not_synced(item: Json, found: Deliveries) -> Finding | None:
    """An ExternalSecret that is not ready; that its store is not is the store's."""
    if is_ready(item):
        return None
    ref = _ref(item, "ExternalSecret")
    spec = item.get("spec") or {}
    store = spec.get("secretStoreRef") or {}
    named = str(store.get("name"))
    is_own = store.get("kind", "SecretStore") == "SecretStore"
    behind = found.named("SecretStore", named) if is_own else None
    message = _message(item)
    if behind is not None and not is_ready(behind):
        said = f"SecretStore {named} is not ready: {_message(behind)}; ExternalSecret {ref.name} waits for it"
        return _finding(SECRET_STORE_NOT_READY, _ref(behind, "SecretStore"), said, _message(behind), ref)
    target = (spec.get("target") or {}).get("name") or ref.name
    if is_own and behind is None and found.has("SecretStore"):
        message = f"there is no SecretStore {named} ({message})"
    said = f"ExternalSecret {ref.name} does not bring Secret {target}: {message}"
    return _finding(EXTERNAL_SECRET_NOT_SYNCED, ref, said, message)


def _message(item: Json) -> str:
    condition = ready(item)
    return one_line(str(condition.get("message") or condition.get("reason") or "it does not say why"), 250)


def _ref(item: Json, kind: str) -> ObjectRef:
    version = str(item.get("apiVersion") or "external-secrets.io/v1")
    return ObjectRef(version, kind, item["metadata"].get("namespace"), item["metadata"]["name"])


def _finding(cause: Cause, ref: ObjectRef, summary: str, text: str, *concerns: ObjectRef) -> Finding:
    return Finding(
        cause=cause,
        object=ref,
        container=None,
        affected=(),
        detail=one_line(summary, 500),
        why=cause.why,
        evidence=(Evidence("status", f"{ref.kind} {ref.name}", f"Ready False: {text}"),),
        remedies=(Remedy("See what it says", f"kubectl describe {typed(ref)}", "read"),),
        concerns=concerns,
    )
