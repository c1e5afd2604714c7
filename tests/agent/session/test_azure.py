"""What is made in Azure: asked, approved, made, shown, undone, with commits; by the real SDKs over TLS."""

from __future__ import annotations

import base64
import io
import itertools
import json
import ssl
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from azure.core.pipeline.transport import RequestsTransport

from agent.journal import approvals
from agent.redaction import MARK
from agent.session.run import drive
from tests.agent.session_bench import Bench
from tests.azure.server import PLACE, PlayedAzure
from tests.azure.server import SECRET as OUR_SECRET
from tests.clouds.sessions import (
    DONE,
    FAILED,
    OWNER,
    WAITS,
    Killed,
    answered,
    approve,
    begin,
    call,
    clouds,
    commit_of,
    done,
    dying,
    leaks,
    made,
    named,
    resume,
    said,
    session,
    undone,
)
from tools.cloud.azure import acr, databases, keyvault, storage
from tools.cloud.azure.client import Azure
from tools.cluster.resources import ObjectRef

REGISTRY = call("create_acr_registry", registry="acmeshopdev", **OWNER)
VAULT = call("create_key_vault", vault="acme-shop-dev", allow=["203.0.113.7"], **OWNER)
PLANTED = "Server=db;Password=Qdl1-correct-horse;AccountKey=Qdl5CorrectHorseBatteryStaple0123456789abcdefgh=="
WHO = "aaaaaaaa-0000-4000-8000-000000000009"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedAzure]:
    played = PlayedAzure(tmp_path_factory.mktemp("azure"))
    played.start()
    yield played
    played.stop()


@pytest.fixture
def azure(server: PlayedAzure, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> PlayedAzure:
    """An empty resource group, and a process that is somebody there."""
    server.reset()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tools.changes.clouds.POLL_S", 0.0)
    return server


def client() -> Azure:
    found = clouds()("azure")
    assert isinstance(found, Azure)
    return found


def live(kind: str, name: str) -> Any:
    return client().kind(kind).read(name)


def test_a_registry_is_asked_for_made_shown_and_undone_with_commits(bench: Bench, azure: PlayedAzure) -> None:
    desk = begin(bench, REGISTRY)
    assert drive(desk) == WAITS, said(desk)
    assert not azure.writes("registries")
    diff = approve(desk)
    assert "# azure account 11111111-2222-4333-8444-555555555555/shop-rg, region westeurope, as 77777777" in diff
    assert "az acr credential show" in diff
    azure.making = 3
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    assert azure.writes("registries") == ["PUT registries"]
    found = live(acr.REGISTRY, "acmeshopdev")
    assert (found.spec["admin_user"], found.spec["anonymous_pull"], found.spec["sku"]) == (False, False, "Standard")
    assert found.tags == {
        "team": "shop", "environment": "dev", "cost-center": "4711", "managed-by": "desk-agent",
        "session": desk.view.id,
    }  # fmt: skip
    message = bench.git("show", commit_of(bench, desk))
    assert f"make ACR registry acmeshopdev in {PLACE}" in message
    assert "Approved-By: carol" in message
    assert "Nothing to change" in answered(bench, **named(REGISTRY))
    assert "acmeshopdev  Standard  admin off  empty  " in answered(bench, "acr_images")
    bigger = done(bench, "create_acr_registry", registry="acmeshopdev", sku="Premium", **OWNER)
    assert "Done" in said(undone(bench, bigger, session()))
    assert live(acr.REGISTRY, "acmeshopdev").spec["sku"] == "Standard"

    azure.images["acmeshopdev"] = {"shop/web": {"v1": f"sha256:{'a' * 64}"}}
    assert "shop/web" in answered(bench, "acr_images", registry="acmeshopdev")
    assert "v1  sha256:aaaa" in answered(bench, "acr_images", registry="acmeshopdev", repository="shop/web")
    assert "holds images of 1,024 bytes" in said(undone(bench, desk, session()))
    azure.images.clear()
    undone(bench, desk, session())
    assert live(acr.REGISTRY, "acmeshopdev") is None


def test_a_registry_builds_a_folder_once(bench: Bench, azure: PlayedAzure, tmp_path: Path) -> None:
    made(bench, REGISTRY)
    folder = tmp_path / "web"
    (folder / "app").mkdir(parents=True)
    files = {
        "Dockerfile": "FROM scratch",
        "app/main": "one",
        ".dockerignore": "**/*.env\n",
        "app/a.env": "left out",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    asked = {"registry": "acmeshopdev", "repository": "shop/web", "tag": "1.4.2", "folder": str(folder)}
    desk = begin(bench, call("build_acr_image", **asked), session())
    assert drive(desk) == WAITS, said(desk)
    assert "+image: shop/web:1.4.2" in approve(desk)
    azure.making = 3
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    (source,) = azure.uploads.values()
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        assert {"Dockerfile", "app/main"} <= {*archive.getnames()} <= {"app", *files} - {"app/a.env"}
    digest = azure.images["acmeshopdev"]["shop/web"]["1.4.2"]
    assert f"shop/web:1.4.2 is built, {digest}" in said(desk)
    assert "into 127.0.2.1" in bench.git("show", commit_of(bench, desk))
    assert "Nothing to change" in answered(bench, "build_acr_image", **asked)
    assert not leaks(bench, azure.signature)
    assert "nobody knows what runs it" in said(undone(bench, desk, session()))
    (folder / "app/main").write_text("two")
    assert "127.0.2.1" in (other := answered(bench, "build_acr_image", **asked))
    assert "is there already" in other
    later = begin(bench, call("build_acr_image", **{**asked, "tag": "1.4.3"}), session())
    assert drive(later) == WAITS, said(later)
    approve(later)
    (folder / "app/main").write_text("three")
    later = resume(bench, later)
    assert drive(later) == FAILED
    assert "was changed since it was approved" in said(later)
    assert azure.writes("taskRuns") == ["PUT taskRuns"]


def test_pods_pull_from_one_repository_with_a_token_that_nobody_sees(bench: Bench, azure: PlayedAzure) -> None:
    made(bench, REGISTRY)
    labels = {"metadata": {"labels": {"team": "shop", "environment": "dev", "cost-center": "4711"}}}
    bench.other.patch(ObjectRef("v1", "Namespace", None, "shop-dev"), labels)
    asked: dict[str, Any] = {"registry": "acmeshopdev", "repository": "shop/web", "namespace": "shop-dev"}
    desk = done(bench, "create_acr_pull_secret", **asked)
    secret = bench.other.get("Secret", "acr-pull", "shop-dev")
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    ((host, entry),) = config["auths"].items()
    assert host.startswith("127.0.2.1:")
    assert entry["password"] == "Qdl4TokenPassword1"
    name = f"acmeshopdev/{acr.token_name('shop-dev', 'shop/web')}"
    assert live(acr.SCOPE, name).spec["repositories"] == ["shop/web"]
    assert live(acr.TOKEN, name).tags["session"] == desk.view.id
    assert not leaks(bench, "Qdl4TokenPassword", entry["auth"])
    assert "valid for 90 days" in bench.git("show", commit_of(bench, desk))
    assert "Done" in said(undone(bench, desk, session()))
    assert live(acr.TOKEN, name) is None
    assert live(acr.SCOPE, name) is None
    for _ in range(2):  # the second time, the token gets another password
        done(bench, "create_acr_pull_secret", **asked)
    renewed = bench.other.get("Secret", "acr-pull", "shop-dev")
    assert "Qdl4TokenPassword3" in base64.b64decode(renewed["data"][".dockerconfigjson"]).decode()
    assert not leaks(bench, "Qdl4TokenPassword")


def test_a_vault_and_its_secrets_are_seen_by_nobody_and_can_be_restored(
    bench: Bench, azure: PlayedAzure, tmp_path: Path
) -> None:
    desk = done(bench, **named(VAULT))
    found = live(keyvault.VAULT, "acme-shop-dev")
    assert {key: value for key, value in found.spec.items() if key not in ("tags", "deleted")} == {
        "rbac": True, "purge_protection": True, "soft_delete_days": 90, "default": "Deny", "allow": ["203.0.113.7"],
    }  # fmt: skip
    assert "Nothing to change" in answered(bench, **named(VAULT))
    file, name = tmp_path / "value", "acme-shop-dev/db"
    file.write_text(json.dumps({"url": PLANTED}))
    asked: dict[str, Any] = {"vault": "acme-shop-dev", "secret_name": "db"}
    first = done(bench, "set_key_vault_secret", **asked, file=str(file))
    assert keyvault.value(client(), name, "url").decode() == PLANTED
    assert live(keyvault.SECRET, name).tags["session"] == first.view.id
    file.write_text('{"url": "Qdl2-other-horse"}')
    second = done(bench, "set_key_vault_secret", **asked, file=str(file))
    assert b"Qdl2" in keyvault.value(client(), name, "")
    assert "Done" in said(undone(bench, second, session()))
    assert keyvault.value(client(), name, "url").decode() == PLANTED
    done(bench, "deliver_key_vault_secret", **asked, namespace="shop-dev", name="shop-db")
    data = bench.other.get("Secret", "shop-db", "shop-dev")["data"]
    assert base64.b64decode(data["url"]).decode() == PLANTED
    saved = tmp_path / "saved"
    done(bench, "save_key_vault_secret", **asked, file=str(saved), key="url")
    assert (saved.read_text(), saved.stat().st_mode & 0o777) == (PLANTED, 0o600)
    given = done(bench, "give_key_vault_access", vault="acme-shop-dev", principal=WHO)
    assert live(keyvault.ACCESS, f"acme-shop-dev/reader/{WHO}").spec["role"] == "reader"
    undone(bench, given, session())
    assert live(keyvault.ACCESS, f"acme-shop-dev/reader/{WHO}") is None

    assert "Done" in said(undone(bench, first, session()))
    assert "keyvault recover acme-shop-dev --name db" in answered(
        bench, "set_key_vault_secret", **asked, file=str(file)
    )
    assert "db  deleted, until" in answered(bench, "key_vaults", vault="acme-shop-dev")
    done(bench, "recover_key_vault", vault="acme-shop-dev", name="db")
    assert "Done" in said(undone(bench, desk, session()))
    assert live(keyvault.VAULT, "acme-shop-dev").gone
    assert "keyvault recover acme-shop-dev," in answered(bench, **named(VAULT))
    done(bench, "recover_key_vault", vault="acme-shop-dev")
    assert keyvault.value(client(), name, "url").decode() == PLANTED
    assert "acme-shop-dev  roles, purge protection on, open for 203.0.113.7" in answered(bench, "key_vaults")
    assert not leaks(bench, PLANTED, "Qdl1-correct-horse", "Qdl2-other-horse", "Qdl5Correct", OUR_SECRET)


def test_files_are_put_back_and_a_link_is_shown_nowhere(bench: Bench, azure: PlayedAzure, tmp_path: Path) -> None:
    azure.blobs.start()
    asked = call("create_storage_account", account="acmeshopdev", **OWNER)
    azure.making = 2
    desk = made(bench, asked)
    azure.making = 0
    found = live(storage.ACCOUNT, "acmeshopdev")
    closed = {key: found.spec[key] for key in ("public_blobs", "shared_key", "tls", "default", "versioning")}
    assert closed == {
        "public_blobs": False, "shared_key": False, "tls": "TLS1_2", "default": "Deny", "versioning": True,
    }  # fmt: skip
    assert azure.writes("storageAccounts") == ["PUT storageAccounts"]
    assert "Nothing to change" in answered(bench, **named(asked))
    where: dict[str, Any] = {"account": "acmeshopdev", "container": "uploads"}
    box = done(bench, "create_storage_container", **where)
    file, blob = tmp_path / "may.csv", {**where, "key": "reports/may.csv"}
    file.write_text("one")
    first = done(bench, "put_storage_blob", **blob, file=str(file))
    assert "Nothing to change" in answered(bench, "put_storage_blob", **blob, file=str(file))
    file.write_text("other")
    second = done(bench, "put_storage_blob", **blob, file=str(file))
    assert "reports/may.csv  5 bytes" in answered(bench, "storage_blobs", **where)
    link = tmp_path / "link"
    signed = done(bench, "sign_storage_url", **blob, file=str(link), expires_s=600)
    url = link.read_text().strip()
    assert link.stat().st_mode & 0o777 == 0o600
    with urlopen(url, context=ssl.create_default_context(cafile=str(azure.certificate))) as answer:
        assert answer.read() == b"other"
    for other in (url.partition("?")[0], url.replace("may.csv?", "june.csv?"), url.replace("sp=r", "sp=w")):
        with pytest.raises(HTTPError):
            urlopen(other, context=ssl.create_default_context(cafile=str(azure.certificate)))
    assert not leaks(bench, url, url.rpartition("sig=")[2])
    undone(bench, signed, session())
    assert not link.exists()
    assert "Done" in said(undone(bench, second, session()))
    assert client().blob("acmeshopdev", "uploads", "reports/may.csv").download_blob().readall() == b"one"
    assert "holds blobs" in said(undone(bench, box, session()))
    undone(bench, first, session())
    assert live(storage.BLOB, "acmeshopdev/uploads/reports/may.csv") is None
    assert "holds 1 container" in said(undone(bench, desk, session()))
    assert "Done" in said(undone(bench, box, session()))
    assert "acmeshopdev  Standard_LRS, blobs not public, keys off, TLS1_2" in answered(bench, "storage_blobs")
    undone(bench, desk, session())
    assert live(storage.ACCOUNT, "acmeshopdev") is None


@pytest.mark.parametrize(("engine", "version", "port"), [("postgres", "16", 5432), ("mysql", "8.0.21", 3306)])
def test_a_database_takes_its_time_outlives_who_asked_and_keeps_its_password(
    bench: Bench, azure: PlayedAzure, monkeypatch: pytest.MonkeyPatch, engine: str, version: str, port: int
) -> None:
    done(bench, **named(VAULT))
    asked = call("create_azure_database", engine=engine, database="acme-shop", vault="acme-shop-dev", **OWNER)
    desk = begin(bench, asked, session())
    assert drive(desk) == WAITS, said(desk)
    assert MARK not in str([each.plan for each in desk.view.plans.values()]), (
        "what is masked in a plan cannot be gone on with from the journal"
    )
    assert "whatever runs in Azure" in approve(desk)
    desk = resume(bench, desk)
    azure.making = 6
    with monkeypatch.context() as patch:
        patch.setattr("tools.changes.clouds.CloudDriver.follow", _killed)
        with pytest.raises(Killed):
            drive(desk)
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    assert azure.writes("flexibleServers") == ["PUT flexibleServers"]
    found = live(databases.SERVERS[engine], "acme-shop")
    assert (found.spec["public"], found.spec["backup_days"], found.spec["sku"]) == (False, 7, "Standard_B1ms")
    assert found.tags["session"] == desk.view.id
    password = keyvault.value(client(), "acme-shop-dev/acme-shop-admin", "").decode()
    assert len(password) == 36
    assert not leaks(bench, password)
    assert "Nothing to change" in answered(bench, **named(asked))
    where: dict[str, Any] = {"engine": engine, "database": "acme-shop"}
    assert f"at acme-shop.played.example.com:{port}" in answered(bench, "azure_databases", **where)
    office = {"rule": "office", "addresses": "203.0.113.0/28", "because": "the office reads it"}
    opened = done(bench, "allow_azure_address", **where, **office)
    assert "because the office reads it" in bench.git("show", commit_of(bench, opened))
    shown = answered(bench, "azure_databases", **where)
    assert "rule office: 203.0.113.0 to 203.0.113.15" in shown
    listed = answered(bench, "azure_databases", engine=engine)
    assert f"acme-shop  {version}  available  named addresses" in listed
    assert "Nothing to change" in answered(bench, **named(asked))
    assert "Done" in said(undone(bench, opened, session()))
    assert live(databases.SERVERS[engine], "acme-shop").spec["public"] is False
    assert live(databases.RULES[engine], "acme-shop/office") is None
    assert "forgets it five days after" in said(undone(bench, desk, session()))
    assert live(databases.SERVERS[engine], "acme-shop") is not None


def _killed(*_: Any) -> None:
    raise Killed


def test_a_rejected_one_is_not_made(bench: Bench, azure: PlayedAzure) -> None:
    desk = begin(bench, REGISTRY)
    assert drive(desk) == WAITS
    (row,) = approvals.listing(desk.journal, datetime.now(UTC))
    approvals.decide(desk.journal, row.asked.approval_id, "rejected", "carol", "no", datetime.now(UTC))
    assert drive(resume(bench, desk)) == 6
    assert not azure.writes("registries")


def written(given: tuple[Any, ...]) -> str:
    request = given[0]
    is_write = request.method in ("PUT", "PATCH", "DELETE") or "generateCredentials" in request.url
    return f"{request.method} {request.url.partition('?')[0]}" if is_write else ""


DATABASE = {"tool": "create_azure_database", "database": "acme-shop", "vault": "acme-shop-dev", **OWNER}
MADE = {
    "registry": (named(REGISTRY), acr.REGISTRY, "acmeshopdev"),
    "vault": (named(VAULT), keyvault.VAULT, "acme-shop-dev"),
    "secret": (
        {"tool": "set_key_vault_secret", "vault": "acme-shop-dev", "secret_name": "db"},
        keyvault.SECRET, "acme-shop-dev/db",
    ),
    "storage": (
        {"tool": "create_storage_account", "account": "acmeshopdev", **OWNER}, storage.ACCOUNT, "acmeshopdev",
    ),
    "postgres": (DATABASE | {"engine": "postgres"}, databases.POSTGRES, "acme-shop"),
    "mysql": (DATABASE | {"engine": "mysql"}, databases.MYSQL, "acme-shop"),
}  # fmt: skip
"""What -> how it is asked for, its kind, its name."""


@pytest.mark.parametrize("what", MADE)
def test_killed_before_and_behind_each_request_it_is_made_once(
    bench: Bench, azure: PlayedAzure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    """One session, killed again and again: before its next request that writes, then behind it."""
    asked, kind, name = MADE[what]
    in_vault = kind not in (acr.REGISTRY, keyvault.VAULT, storage.ACCOUNT)
    if in_vault:
        done(bench, **named(VAULT))
    if what == "secret":
        (tmp_path / "value").write_text(PLANTED)
        asked = {**asked, "file": str(tmp_path / "value")}
    azure.making = 3
    desk = begin(bench, call(**asked), session())
    assert drive(desk) == WAITS, said(desk)
    approve(desk)
    sides, lives, sent = itertools.cycle(["before", "after"]), 0, list[str]()
    while True:
        desk = resume(bench, desk)
        lives += 1
        with dying(monkeypatch, side := next(sides), 1, RequestsTransport, "send", written) as requests:
            try:
                code = drive(desk)
                break
            except Killed:
                sent += requests if side == "after" else []
    assert code == DONE, said(desk)
    if (
        kind in databases.SERVERS.values()
    ):  # not seen at first, and asked for again: Azure says that it is being made
        assert len(azure.operations) == 1
    else:
        assert sorted(set(sent)) == sorted(sent), "a request that wrote was sent twice"
        assert lives == 2 * len(sent) + 1
    assert len(desk.view.approvals) == 1
    assert live(kind, name).tags["session"] == desk.view.id
    assert all(each["tags"]["session"] for each in azure.resources.values()), "an orphan without tags"
    assert len([each for each in azure.resources if each.endswith(f"/{name}".lower())]) == (what != "secret")
