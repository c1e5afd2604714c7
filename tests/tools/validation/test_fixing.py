"""What has one right answer is mended, and every other byte stays."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import cast

import pytest

from tests.tools.validation.test_rules import cases, found, judged, masked
from tools.cluster.client import Cluster
from tools.errors import ToolFailed
from tools.frame import File, Rendering, ToolContext
from tools.validation.fixing import mended
from tools.validation.parsing import Unparsed, documents
from tools.validation.reading import read
from tools.validation.tool import mend_manifests
from tools.validation.validate import Against

BEFORE = """\
# The front door.
apiVersion: apps/v1   # stays
kind: Deployment
metadata:
    name: web
    creationTimestamp: "2026-01-01T00:00:00Z"
spec:
    replicas: 3  # goes
    # how pods are found
    selector:
        matchLabels: {app: web}
    template:
        metadata:
            labels:
                app: web
                release: 1.10
        spec:
            serviceAccount: "web"
            securityContext: {runAsNonRoot: true}
            containers:
            -   name: web
                image: 'web:1'
                imagePullpolicy: always
                ports:
                -   containerPort: "8080"
                env:
                -   {name: DEBUG, value: on}
                readinessProbe: {}
---
apiVersion: autoscaling/v2beta2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    maxReplicas: 3
"""
CHANGES = """\
-    creationTimestamp: "2026-01-01T00:00:00Z"
-    replicas: 3  # goes
-                release: 1.10
+                release: "1.10"
-            serviceAccount: "web"
+            serviceAccountName: "web"
-                imagePullpolicy: always
+                imagePullPolicy: Always
-                -   containerPort: "8080"
+                -   containerPort: 8080
-                -   {name: DEBUG, value: on}
+                -   {name: DEBUG, value: "on"}
+                securityContext:
+                  capabilities:
+                    drop: [ALL]
+                  allowPrivilegeEscalation: false
+                  seccompProfile:
+                    type: RuntimeDefault
-apiVersion: autoscaling/v2beta2
+apiVersion: autoscaling/v2
"""


def fixed(text: str) -> str:
    """A text, mended."""
    return mended(read("-", text), Against(mask=masked)).get("-", text)


def test_only_what_is_mended_changes() -> None:
    lines = difflib.unified_diff(BEFORE.splitlines(True), fixed(BEFORE).splitlines(True), n=0)
    assert "".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")) == CHANGES


@pytest.mark.parametrize("title", cases())
def test_mending_makes_nothing_worse_and_is_done_at_once(title: str) -> None:
    before, after = cases()[title], fixed(cases()[title])
    assert fixed(after) == after
    if not any(isinstance(document, Unparsed) for document in documents(before)):
        names = {name for _, name in found(judged(before))}
        shown = {"MissingField"} if names & {"RemovedAPI", "UnknownKind"} else set()  # by the kind it is now
        assert {name for _, name in found(judged(after))} <= names | shown
        assert all(not each.fault.edits for each in judged(after).found)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends_and_a_last_line_without_one_stay(end: str) -> None:
    text = end.join(["apiVersion: v1", "kind: ConfigMap", "metadata:", "  name: a", "data:", "  a: yes"])
    assert fixed(text) == text.replace("yes", '"yes"')


def test_json_is_mended_too() -> None:
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": true}}\n'
    assert fixed(text) == text.replace("true", '"true"')


def rendered(path: Path) -> Rendering:
    """What the tool would write."""
    return mend_manifests(ToolContext(cast("Cluster", None), mask=masked), path=str(path))


def test_the_tool_renders_the_files_that_change(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/web.yaml").write_text(BEFORE)
    (tmp_path / "fine.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    outcome = rendered(tmp_path)
    assert (outcome.folder, outcome.files) == (str(tmp_path), (File("deep/web.yaml", fixed(BEFORE).encode()),))
    assert rendered(tmp_path / "deep/web.yaml").files[0].path == "web.yaml"
    assert rendered(tmp_path / "fine.yaml").files == ()


def test_a_file_with_a_secret_is_left_alone(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, uid: b}\nstringData:\n  password: hunter2-9Kd8Qq\n"
    (tmp_path / "secret.yaml").write_text(secret.replace("{name: a, uid: b}", "\n  name: a\n  uid: b"))
    with pytest.raises(ToolFailed, match="holds a secret"):
        rendered(tmp_path)
    (tmp_path / "web.yaml").write_text(BEFORE)
    assert [file.path for file in rendered(tmp_path).files] == ["web.yaml"]
