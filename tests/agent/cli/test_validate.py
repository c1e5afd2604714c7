"""validate from outside: what is printed, and with which exit code."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import jsonschema
import pytest

from agent.docs.schemas import schemas
from tests import forked
from tests.agent.cli.test_start import HEAVY, imported
from tests.agent.conftest import InProcess

SARIF = Path(__file__).parents[2] / "tools/validation/sarif-2.1.0.json.xz"
"""The schema of OASIS, from the npm package @microsoft/jest-sarif 1.0.0-beta.0 (MIT)."""

WELL = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
WARNED = WELL + "  uid: 1e1e2d0c-0000-4000-8000-000000000000\n"
BAD = WELL + "data:\n  debug: yes\n"


@pytest.fixture
def k8s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bad, a doubtful and a well-made manifest, where the process stands."""
    folder = tmp_path / "my k8s"
    folder.mkdir()
    for name, text in (("bad", BAD), ("warned", WARNED.replace("name: a", "name: b")), ("well", WELL)):
        (folder / f"{name}.yaml").write_text(text.replace("name: a", f"name: {name}"))
    monkeypatch.chdir(tmp_path)
    return folder


def test_text_says_where_what_why_and_how(k8s: Path, in_process: InProcess) -> None:
    done = in_process("validate", "my k8s", "--offline")
    assert done.returncode == 1
    assert done.stdout == (
        "my k8s: 1 error, 1 warning (3 objects checked for Kubernetes 1.37, without a cluster)\n"
        "\n"
        "ERROR WrongType\n"
        "  my k8s/bad.yaml:6  ConfigMap bad: data.debug must be text, and is a boolean: yes without quotes\n"
        "  why:  The API server refuses the object. Without quotes, yes, off, 1.10, 0o14 and 1e3 are no text\n"
        "        in YAML.\n"
        "  mend: Quote what is text, and write numbers and booleans without quotes.\n"
        "\n"
        "WARNING ServerSetField\n"
        "  my k8s/warned.yaml:5  ConfigMap b: metadata.uid is set by the API server\n"
        "  why:  It was taken from a cluster: uid and resourceVersion make an apply fail, the others are\n"
        "        noise in diffs.\n"
        "  mend: Take it out.\n"
        "\n"
        "2 have one right answer: desk validate 'my k8s' --fix\n"
    )


def test_the_exit_code_is_that_of_the_worst_that_counts(k8s: Path, in_process: InProcess) -> None:
    for arguments, code in (
        ((k8s / "well.yaml",), 0),
        ((k8s / "warned.yaml",), 0),
        ((k8s / "warned.yaml", "--strict"), 1),
        ((k8s / "bad.yaml",), 1),
        ((k8s / "bad.yaml", "--ignore", "WrongType"), 0),
    ):
        assert in_process("validate", *arguments, "--offline").returncode == code, arguments


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere",), 1, "nothing at nowhere"),
        (("",), 2, "PATH is empty"),
        ((".", "--ignore", "WrongTyp"), 2, "Did you mean WrongType?"),
        ((".", "--kubernetes", "1.20"), 2, "it has those of 1.34, 1.35, 1.36, 1.37"),
        ((".", "--kubernetes", "latest"), 2, "no schemas of Kubernetes latest"),
        (("my k8s", "--kubeconfig", "/nonexistent"), 2, "/nonexistent does not exist"),
    ],
)
def test_what_cannot_be_done_is_said(
    k8s: Path, in_process: InProcess, arguments: tuple[str, ...], code: int, said: str
) -> None:
    offline = () if "--kubeconfig" in arguments else ("--offline",)
    done = in_process("validate", *arguments, *offline, "-o", "sarif")
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_folder_without_manifests_is_not_called_fine(tmp_path: Path, in_process: InProcess) -> None:
    (tmp_path / "values.yaml").write_text("a: 1\n")
    done = in_process("validate", tmp_path, "--offline")
    assert done.returncode == 1 and "has no manifests: no manifests, and so left out" in done.stderr


def test_json_and_its_lines_obey_their_schemas(k8s: Path, in_process: InProcess) -> None:
    report = json.loads(in_process("validate", "my k8s", "--offline", "-o", "json").stdout)
    jsonschema.validate(report, schemas()["desk.findings.v1.json"])
    assert report["checked"] == {"ConfigMap": 3} and report["kubernetes"] == "1.37"
    first = report["findings"][0]
    assert (first["cause"], first["file"], first["line"], first["column"]) == ("WrongType", "my k8s/bad.yaml", 6, 3)
    assert first["evidence"][0]["text"] == "my k8s/bad.yaml:6: debug: yes"
    assert first["remedies"][0]["command"] == "desk validate 'my k8s' --fix"
    head, *lines = map(json.loads, in_process("validate", "my k8s", "--offline", "-o", "jsonl").stdout.splitlines())
    assert head["counts"] == {"error": 1, "warning": 1, "info": 0}
    for line in (head, *lines):
        jsonschema.validate(line, schemas()[line["schema"].replace("/", ".") + ".json"])


def test_sarif_obeys_its_schema(k8s: Path, in_process: InProcess) -> None:
    log = json.loads(in_process("validate", "my k8s", "--offline", "-o", "sarif").stdout)
    jsonschema.Draft4Validator(json.loads(lzma.decompress(SARIF.read_bytes()))).validate(log)
    (run,) = log["runs"]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("WrongType", "error"),
        ("ServerSetField", "warning"),
    ]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20k8s/bad.yaml"
    assert place["region"] == {"startLine": 6, "startColumn": 3}


def test_an_exception_is_told_with_its_reason(tmp_path: Path, in_process: InProcess) -> None:
    annotated = WARNED + "  annotations:\n    desk.dev/ignore: 'ServerSetField{}'\n"
    (tmp_path / "a.yaml").write_text(annotated.format(": a test of adoption"))
    done = in_process("validate", tmp_path, "--offline", "--strict")
    assert done.returncode == 0
    assert "ServerSetField: excepted for ConfigMap a: a test of adoption" in done.stdout
    (tmp_path / "a.yaml").write_text(annotated.format(""))
    assert in_process("validate", tmp_path, "--offline", "--strict").returncode == 1


def test_standard_input_is_judged_and_mended_to_standard_output(tmp_path: Path) -> None:
    done = forked.run(("validate", "-", "--offline", "--fix"), cwd=tmp_path, stdin=BAD)
    assert (done.returncode, done.stdout) == (0, BAD.replace("yes", '"yes"'))
    assert done.stderr.startswith("standard input: nothing wrong")
    assert forked.run(("validate", "-", "--offline"), cwd=tmp_path, stdin="").returncode == 1


def test_no_secret_is_printed(tmp_path: Path, in_process: InProcess) -> None:
    secret = "hunter2-9Kd8Qq"
    (tmp_path / "a.yaml").write_text(
        f"{WELL}data:\n  DB_PASSWORD: {secret}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: b}}\n"
        f"data:\n  password: [{secret}]\n---\nkind: Secret\nstringData: {{password: '{secret}\n"
    )
    for output in ("text", "json", "jsonl", "sarif"):
        done = in_process("validate", tmp_path, "--offline", "-o", output)
        assert "SecretInConfigMap" in done.stdout and "InvalidYAML" in done.stdout
        assert secret not in done.stdout + done.stderr


def test_it_starts_without_what_it_does_not_need(k8s: Path) -> None:
    assert not imported("validate", str(k8s / "well.yaml"), "--offline") & (HEAVY | {"rich", "git", "sqlite3"})
