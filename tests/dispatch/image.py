"""Desk's image in the test cluster's private registry.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin

import pytest

HOST = "127.0.0.1:15001"
USER, PASSWORD = "desk", "desk-test"
PROJECT = Path(__file__).parents[2]
BUILD_S = 600


def docker_config() -> str:
    """What an image pull secret of the registry holds."""
    return json.dumps({"auths": {HOST: {"username": USER, "password": PASSWORD}}})


def built() -> Path:
    """The image as an archive. Skips where it cannot be built."""
    if os.geteuid() or shutil.which("mmdebstrap") is None:
        pytest.skip("the image is built by root with mmdebstrap: apt-get install mmdebstrap")
    archive = PROJECT / ".image" / "desk.tar"
    archive.parent.mkdir(exist_ok=True)
    command = [sys.executable, str(PROJECT / "deploy/image/build.py"), str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=BUILD_S)
    if done.returncode:
        pytest.skip(f"the image cannot be built here: {done.stderr.strip().splitlines()[-1:]}")
    return archive


def push(archive: Path) -> str:
    """Push it under a tag of its own content; gives its reference. Skips where the registry does not answer."""
    with tarfile.open(archive) as tar:
        index = json.loads(_content(tar, "index.json"))
        digest = index["manifests"][0]["digest"]
        manifest = _content(tar, _path(digest))
        tag = digest.removeprefix("sha256:")[:12]
        try:
            for each in (json.loads(manifest)["config"], *json.loads(manifest)["layers"]):
                _upload(each["digest"], _content(tar, _path(each["digest"])))
            _ask("PUT", f"manifests/{tag}", manifest, index["manifests"][0]["mediaType"])
        except URLError as error:
            pytest.skip(f"the test cluster's registry takes no image: {error}")
    return f"{HOST}/team/desk:{tag}"


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _upload(digest: str, blob: bytes) -> None:
    try:
        _ask("HEAD", f"blobs/{digest}")
    except HTTPError as error:
        if error.code != 404:
            raise
        place = _ask("POST", "blobs/uploads/")
        _ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", blob)


def _ask(method: str, path: str, content: bytes | None = None, kind: str = "application/octet-stream") -> str:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Content-Type": kind, "Authorization": f"Basic {login}"}
    url = urljoin(f"http://{HOST}/v2/team/desk/", path)
    request = urllib.request.Request(url, data=content, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return urljoin(url, str(answer.headers.get("Location", "")))
