"""What an application needs in a cloud, in words that each have their meaning, or nothing is done. Pure.

"create an ECR repository shop for namespace shop-dev"; a sentence begins with what is wanted, and its parts follow
in any order.
"""

from __future__ import annotations

import re
from typing import Any

from agent.understanding.parts import arguments_in
from agent.understanding.wishes import Call, Order, Understanding
from agent.understanding.world import World
from tools.environments import WORDS

_POLITE = (
    r"(?:(?:please|bitte)\s+)?(?:(?:can|could|would)\s+you\s+(?:please\s+)?|kannst\s+du\s+(?:bitte\s+)?"
    r"|(?:we|i|wir|ich)\s+)?"
)
_MAKE = r"(?:create|make|set\s+up|need|want|erstelle|erzeuge|mache?|brauchen?)\s+(?:(?:me|us|mir|uns)\s+)?"
_A = r"(?:(?:an?|the|new|all|my|our|eine?n?|das|den|die|der|neue[nrs]?|alle|meine?|unsere?)\s+)*"
_CALLED = r"(?:(?:called|named|namens)\s+)?"
_SHOW = (
    r"(?:list|show(?:\s+me)?|get|which|what|welche|zeige?(?:\s+mir)?|liste)\s+(?:(?:is|are|sind|ist)\s+(?:in\s+)?)?"
)
_AWS = r"(?:(?:aws|amazon)[\s-]+)?"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_NAMESPACE = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_ECR = rf"{_AWS}ecr"
_S3 = rf"{_AWS}s3"
_RDS = rf"{_AWS}rds"
_DATABASE = r"(?:database|datenbank|db)"
_ACR = r"(?:azure[\s-]+)?acr"
_VAULT = r"(?:azure[\s-]+)?key[\s-]?vaults?"
_KEY = rf"{_A}{_VAULT}[\s-]+secret\s+(?P<vault>[\w-]+)/(?P<secret_name>[\w-]+)"
_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_AZURE_DB = r"azure[\s-]+(?P<engine>postgres|mysql)"
_STORAGE = r"(?:azure[\s-]+)?storage"
_BLOB = r"azure://(?P<account>[a-z0-9]+)/(?P<container>[a-z0-9-]+)/(?P<key>[^\s?]*[\w])"
_VAULTED = r"(?:aws|amazon)[\s-]+secret"
_FILE = r"[~/][^\s\"']*[\w]"
_URL = r"s3://(?P<bucket>[a-z0-9-]+)/(?P<key>[^\s?]*[\w])"
_THERE = r"(?:\s+(?:are|sind)\s+(?:there|da))?"
_WHY = r"(?:why|warum|wieso)"
_REPOSITORY = r"(?:repository|repo|registry)"
_IMAGE = rf"(?P<repository>{_WORD}):(?P<tag>[\w.-]*\w)"

_HERE = ("why_no_pull", "why_no_acr_pull", "why_no_database", "why_no_azure_database")
_OWNER = ("team", "environment", "cost_center", "namespace")
_SENTENCES: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (tool, re.compile(_POLITE + began, re.IGNORECASE), parts)
    for tool, began, parts in (
        (
            "create_ecr_repository",
            rf"{_MAKE}{_A}{_ECR}[\s-]+{_REPOSITORY}\s+{_CALLED}(?P<repository>{_WORD})",
            (*_OWNER, "mutable_because", "as_claim"),
        ),
        ("scan_ecr_image", rf"scann?e?\s+{_A}(?:{_ECR}[\s-]+)?image\s+{_IMAGE}(?:\s+in\s+{_ECR})?", ()),
        (
            "create_ecr_pull_secret",
            rf"(?:{_MAKE}|(?:renew|erneuere)\s+){_A}{_ECR}[\s-]+pull[\s-]*secret"
            rf"(?:\s+{_CALLED}(?P<pull_secret>(?!in\b|for\b|für\b){_NAMESPACE}))?",
            ("namespace",),
        ),
        ("s3_objects", rf"{_SHOW}{_A}{_S3}[\s-]+buckets?{_THERE}", ()),
        (
            "s3_objects",
            rf"{_SHOW}{_A}(?:{_S3}[\s-]+)?(?:objects|files|objekte|dateien)\s+(?:(?:is|are|sind)\s+)?(?:in|of|im|von)\s+"
            rf"{_A}{_S3}[\s-]+bucket\s+(?P<bucket>{_WORD})",
            (),
        ),
        (
            "create_s3_bucket",
            rf"{_MAKE}{_A}{_S3}[\s-]+bucket\s+{_CALLED}(?P<bucket>{_WORD})",
            (*_OWNER, "as_claim"),
        ),
        (
            "put_s3_object",
            rf"(?:upload|put|copy|lade)\s+(?P<file>{_FILE})\s+(?:to|into|nach|in)\s+{_URL}(?:\s+hoch)?",
            (),
        ),
        (
            "sign_s3_url",
            rf"(?:(?:{_MAKE}{_A}(?:presigned\s+)?(?:link|url)\s+(?:to|for|zu|für))|presign)\s+{_URL}\s+(?:into|in|to|nach)\s+"
            rf"{_A}(?:(?:file|datei)\s+)?(?P<file>{_FILE})",
            (),
        ),
        ("aws_secrets", rf"{_SHOW}{_A}{_VAULTED}s{_THERE}", ()),
        (
            "create_aws_secret",
            rf"{_MAKE}{_A}{_VAULTED}\s+{_CALLED}(?P<secret_name>{_WORD})",
            (*_OWNER, "file", "as_claim", "value"),
        ),
        (
            "update_aws_secret",
            rf"(?:update|change|aktualisiere|ändere)\s+{_A}{_VAULTED}\s+(?P<secret_name>{_WORD})",
            ("file",),
        ),
        (
            "rotate_aws_secret",
            rf"(?:rotate|rotiere)\s+{_A}{_VAULTED}\s+(?P<secret_name>{_WORD})\s+(?:every|alle)\s+(?P<days>\d{{1,3}})\s+(?:days|tage)"
            r"\s+(?:with|mit)\s+(?P<function>arn:\S+\w)",
            (),
        ),
        (
            "restore_aws_secret",
            rf"(?:restore|stelle)\s+{_A}{_VAULTED}\s+(?P<secret_name>{_WORD})(?:\s+wieder\s+her)?",
            (),
        ),
        (
            "deliver_aws_secret",
            rf"(?:deliver|put|bring|bringe)\s+{_A}{_VAULTED}\s+(?P<secret_name>{_WORD})\s+(?:as|als)\s+(?P<name>{_NAMESPACE})",
            ("namespace",),
        ),
        (
            "save_aws_secret",
            rf"(?:save|write|speichere|schreibe)\s+{_A}{_VAULTED}\s+(?P<secret_name>{_WORD})\s+(?:to|into|in|nach)\s+(?P<file>{_FILE})",
            (),
        ),
        ("rds_databases", rf"{_SHOW}{_A}{_RDS}[\s-]+(?:databases|datenbanken){_THERE}", ()),
        ("rds_databases", rf"{_SHOW}{_A}{_RDS}[\s-]+{_DATABASE}\s+(?P<database>{_WORD})", ()),
        (
            "create_rds_database",
            rf"{_MAKE}{_A}(?:(?P<engine>postgres|mysql)[\s-]+)?{_RDS}[\s-]+{_DATABASE}\s+{_CALLED}(?P<database>{_WORD})",
            (*_OWNER, "as_claim"),
        ),
        (
            "why_no_pull",
            rf"{_WHY}\s+(?:can(?:'t|not)?|kann|können)\s+{_A}pods?(?:\s+(?P<pod>(?!not\b|in\b|nicht\b|pull\b){_NAMESPACE}))?"
            rf"(?:\s+in\s+(?P<namespace>{_NAMESPACE}))?(?:\s+(?:not|nicht))?\s+(?:pull\s+)?(?:from|von|aus)\s+{_ECR}(?:\s+pullen)?",
            (),
        ),
        (
            "why_no_acr_pull",
            rf"{_WHY}\s+(?:can(?:'t|not)?|kann|können)\s+{_A}pods?(?:\s+(?P<pod>(?!not\b|in\b|nicht\b|pull\b){_NAMESPACE}))?"
            rf"(?:\s+in\s+(?P<namespace>{_NAMESPACE}))?(?:\s+(?:not|nicht))?\s+(?:pull\s+)?(?:from|von|aus)\s+{_ACR}(?:\s+pullen)?",
            (),
        ),
        (
            "why_no_database",
            rf"{_WHY}\s+(?:(?:can(?:'t|not)?|kann)\s+)?(?:erreicht\s+)?(?:{_A}(?:my\s+)?pod|(?P<namespace>{_NAMESPACE}))(?:\s+not)?"
            rf"\s+(?:reach\s+)?(?:its\s+)?{_A}{_RDS}[\s-]+{_DATABASE}\s+(?P<database>{_WORD})(?:\s+nicht)?(?:\s+erreichen)?",
            (),
        ),
        ("acr_images", rf"{_SHOW}{_A}{_ACR}[\s-]+(?:registries|registrys?){_THERE}", ()),
        (
            "acr_images",
            rf"{_SHOW}{_A}(?:images?|repositories|repos)\s+(?:(?:is|are|sind)\s+)?(?:in|of|von)\s+{_A}"
            rf"{_ACR}(?:[\s-]+registry)?\s+(?P<registry>[a-z0-9]+)(?:/(?P<repository>{_WORD}))?",
            (),
        ),
        ("create_acr_registry", rf"{_MAKE}{_A}{_ACR}[\s-]+registry\s+{_CALLED}(?P<registry>{_WORD})", _OWNER),
        (
            "build_acr_image",
            rf"(?:build|baue)\s+(?P<folder>{_FILE})\s+(?:into|in|as|als|to)\s+{_A}{_ACR}[\s-]+"
            rf"(?:image\s+)?(?P<registry>[a-z0-9]+)/{_IMAGE}",
            (),
        ),
        (
            "create_acr_pull_secret",
            rf"(?:{_MAKE}|(?:renew|erneuere)\s+){_A}{_ACR}[\s-]+pull[\s-]*secret\s+(?:for|für)\s+"
            rf"(?P<registry>[a-z0-9]+)/(?P<repository>{_WORD})",
            ("namespace",),
        ),
        ("key_vaults", rf"{_SHOW}{_A}{_VAULT}{_THERE}", ()),
        (
            "key_vaults",
            rf"{_SHOW}{_A}secrets\s+(?:(?:is|are|sind)\s+)?(?:in|of|im|von)\s+{_A}{_VAULT}\s+(?P<vault>[\w-]+)",
            (),
        ),
        ("create_key_vault", rf"{_MAKE}{_A}{_VAULT}\s+{_CALLED}(?P<vault>[\w-]+)", _OWNER),
        ("set_key_vault_secret", rf"(?:{_MAKE}|(?:set|setze)\s+){_KEY}", ("file",)),
        (
            "recover_key_vault",
            rf"(?:recover|restore|stelle)\s+{_KEY.replace('secret_name', 'name')}(?:\s+wieder\s+her)?",
            (),
        ),
        (
            "recover_key_vault",
            rf"(?:recover|restore|stelle)\s+{_A}{_VAULT}\s+(?P<vault>[\w-]+)(?:\s+wieder\s+her)?",
            (),
        ),
        (
            "deliver_key_vault_secret",
            rf"(?:deliver|put|bring|bringe)\s+{_KEY}\s+(?:as|als)\s+(?P<name>{_NAMESPACE})",
            ("namespace",),
        ),
        (
            "save_key_vault_secret",
            rf"(?:save|write|speichere|schreibe)\s+{_KEY}\s+(?:to|into|in|nach)\s+(?P<file>{_FILE})",
            (),
        ),
        (
            "give_key_vault_access",
            rf"(?:let|lass)\s+(?P<principal>{_ID})\s+(?P<role>read|write|lesen|schreiben)\s+(?:in|aus)?\s*{_A}{_VAULT}"
            rf"\s+(?P<vault>[\w-]+)",
            (),
        ),
        ("storage_blobs", rf"{_SHOW}{_A}{_STORAGE}[\s-]+(?:accounts|konten){_THERE}", ()),
        (
            "storage_blobs",
            rf"{_SHOW}{_A}blobs\s+(?:(?:is|are|sind)\s+)?(?:in|of|im|von)\s+(?P<account>[a-z0-9]+)/(?P<container>[a-z0-9-]+)",
            (),
        ),
        (
            "create_storage_account",
            rf"{_MAKE}{_A}{_STORAGE}[\s-]+(?:account|konto)\s+{_CALLED}(?P<account>{_WORD})",
            _OWNER,
        ),
        (
            "create_storage_container",
            rf"{_MAKE}{_A}(?:{_STORAGE}|azure)[\s-]+container\s+(?P<account>[a-z0-9]+)/(?P<container>[a-z0-9-]+)",
            (),
        ),
        (
            "put_storage_blob",
            rf"(?:upload|put|copy|lade)\s+(?P<file>{_FILE})\s+(?:to|into|nach|in)\s+{_BLOB}(?:\s+hoch)?",
            (),
        ),
        (
            "sign_storage_url",
            rf"(?:(?:{_MAKE}{_A}(?:sas\s+)?(?:link|url)\s+(?:to|for|zu|für))|sign)\s+{_BLOB}\s+(?:into|in|to|nach)\s+"
            rf"{_A}(?:(?:file|datei)\s+)?(?P<file>{_FILE})",
            (),
        ),
        ("azure_databases", rf"{_SHOW}{_A}{_AZURE_DB}[\s-]+(?:databases|datenbanken){_THERE}", ()),
        ("azure_databases", rf"{_SHOW}{_A}{_AZURE_DB}[\s-]+{_DATABASE}\s+(?P<database>{_WORD})", ()),
        (
            "create_azure_database",
            rf"{_MAKE}{_A}{_AZURE_DB}[\s-]+{_DATABASE}\s+{_CALLED}(?P<database>{_WORD})\s+(?:with|mit)\s+{_A}{_VAULT}\s+(?P<vault>[\w-]+)",
            _OWNER,
        ),
        (
            "allow_azure_address",
            rf"(?:let|allow|lass|erlaube)\s+(?P<addresses>[\d./]+)\s+(?:as|als)\s+(?P<rule>[\w-]+)\s+(?:to|zu)\s+{_A}{_AZURE_DB}"
            rf"[\s-]+{_DATABASE}\s+(?P<database>{_WORD})\s+(?:because|weil)\s+(?P<because>\S.*\S)",
            (),
        ),
        (
            "why_no_azure_database",
            rf"{_WHY}\s+(?:(?:can(?:'t|not)?|kann)\s+)?(?:erreicht\s+)?(?:{_A}(?:my\s+)?pod|(?P<namespace>{_NAMESPACE}))(?:\s+not)?"
            rf"\s+(?:reach\s+)?(?:its\s+)?{_A}{_AZURE_DB}[\s-]+{_DATABASE}\s+(?P<database>{_WORD})(?:\s+nicht)?(?:\s+erreichen)?",
            (),
        ),
        ("ecr_images", rf"{_SHOW}{_A}{_ECR}[\s-]+(?:repositories|repos|repositorys|registr(?:y|ies))", ()),
        (
            "ecr_images",
            rf"{_SHOW}{_A}(?:{_ECR}[\s-]+)?images?\s+(?:(?:is|are|sind)\s+)?(?:in|of|von)\s+{_A}"
            rf"{_ECR}[\s-]+{_REPOSITORY}\s+(?P<repository>{_WORD})",
            (),
        ),
        ("ecr_images", rf"{_SHOW}{_A}{_ECR}[\s-]+images?\s+(?:in|of|von)\s+{_A}(?P<repository>{_WORD})", ()),
        ("ecr_images", rf"{_SHOW}{_A}{_ECR}[\s-]+(?:scan|findings)\s+(?:of|for|von|für)\s+{_IMAGE}", ()),
    )
)
_FOR = r"(?:,?\s*(?:and|und)\s+)?(?:in|for|of|into|to|für|von|nach|with|mit)\s+(?:(?:the|das|den|dem|der)\s+)?"
_END = r"(?![\w./-])"
_PARTS: dict[str, tuple[str, ...]] = {
    "team": (rf"{_FOR}team\s+(?P<team>{_WORD}){_END}", rf"{_FOR}(?P<team>{_WORD})\s+team{_END}"),
    "environment": (rf"{_FOR}(?:(?:environment|umgebung)\s+)?(?P<environment>{'|'.join(WORDS)}){_END}",),
    "cost_center": (rf"(?:{_FOR})?(?:cost[\s-]?cent(?:er|re)|kostenstelle)\s+(?P<cost_center>{_WORD}){_END}",),
    "namespace": (
        rf"{_FOR}namespace\s+(?P<namespace>{_NAMESPACE}){_END}",
        rf"{_FOR}(?P<namespace>{_NAMESPACE}){_END}",
    ),
    "file": (rf"(?:from|in|aus)\s+(?:(?:the|der)\s+)?(?:file|datei)\s+(?P<file>{_FILE}){_END}",),
    "as_claim": (rf"(?:as|als)\s+{_A}(?P<as_claim>claim){_END}",),
    "value": (
        rf"(?:from|aus)\s+(?:(?:the|dem)\s+)?(?:key|schlüssel)\s+(?P<value>[-._a-zA-Z0-9]+\s+(?:of|von|des)\s+(?:the\s+)?"
        rf"secrets?\s+{_NAMESPACE}){_END}",
    ),
    "mutable_because": (r"(?:with\s+)?mutable(?:\s+tags)?\s+because\s+(?P<mutable_because>\S.*\S)\Z",),
}


def ordered(task: str, world: World) -> Understanding | None:
    """What a task orders of a cloud, or asks of it; None when it says anything else besides."""
    said = " ".join(task.split())
    for tool, began, parts in _SENTENCES:
        found = began.match(said)
        if found is None:
            continue
        patterns = [(part, re.compile(each, re.IGNORECASE)) for part in parts for each in _PARTS[part]]
        rest = arguments_in(re.sub(r"[?]\s*\Z", "", said[found.end() :]), patterns, _value)
        if rest is not None:
            named = {name: value for name, value in found.groupdict().items() if value}
            return _asked(tool, _typed(tool, {**named, **rest}, world), world)
    return None


def _value(argument: str, text: str) -> Any:
    return WORDS[text.lower()] if argument == "environment" else text


def _typed(tool: str, named: dict[str, Any], world: World) -> dict[str, Any]:
    """The arguments, with the session's own namespace for what is asked after there."""
    if "days" in named:
        named["days"] = int(named["days"])
    if "role" in named:
        named["role"] = "reader" if named["role"].lower() in ("read", "lesen") else "writer"
    if "as_claim" in named:
        named["as_claim"] = True
    if value := named.pop("value", None):
        named["key"], *_, named["existing_secret"] = value.split()
    if "engine" in named:
        named["engine"] = named["engine"].lower()
    return {"namespace": world.namespace, **named} if tool in _HERE else named


def _asked(tool: str, arguments: dict[str, Any], world: World) -> Understanding:
    namespaces = (arguments["namespace"],) if "namespace" in arguments else ()
    order = Order(namespaces, (), frozenset({tool}))
    return Understanding(
        wishes=(Call(tool, arguments),), orders=(order,), namespaces=namespaces or (world.namespace,)
    )
