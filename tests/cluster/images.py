"""An image without an engine: one layer and a configuration, pushed to the test cluster's open registry.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Mapping, Sequence
from urllib.error import URLError
from urllib.parse import urljoin

import pytest

REGISTRY = "http://127.0.0.1:15000"
"""Where the test cluster looks for images of the public registries."""
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def push(name: str, tag: str, files: Mapping[str, bytes], entrypoint: Sequence[str], user: str) -> None:
    """Push an image of these files, each executable. Skips where the registry does not answer."""
    layer = _tar(files)
    config = {
        "architecture": "amd64", "os": "linux", "config": {"Entrypoint": list(entrypoint), "User": user},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }  # fmt: skip
    blobs = {
        "application/vnd.oci.image.config.v1+json": json.dumps(config).encode(),
        "application/vnd.oci.image.layer.v1.tar+gzip": gzip.compress(layer, mtime=0),
    }
    described = [{"mediaType": kind, "digest": _digest(blob), "size": len(blob)} for kind, blob in blobs.items()]
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": described[0], "layers": described[1:]}
    try:
        for blob in blobs.values():
            _upload(name, blob)
        _put(f"/v2/{name}/manifests/{tag}", json.dumps(manifest).encode(), _MANIFEST)
    except URLError as error:
        pytest.skip(f"the test cluster's registry takes no image: {error}")


def _upload(name: str, blob: bytes) -> None:
    request = urllib.request.Request(f"{REGISTRY}/v2/{name}/blobs/uploads/", method="POST")
    with urllib.request.urlopen(request) as begun:
        place = urljoin(REGISTRY, begun.headers["Location"])
    sign = "&" if "?" in place else "?"
    _put(f"{place}{sign}digest={_digest(blob)}", blob, "application/octet-stream")


def _put(place: str, content: bytes, kind: str) -> None:
    headers = {"Content-Type": kind}
    request = urllib.request.Request(urljoin(REGISTRY, place), data=content, method="PUT", headers=headers)
    with urllib.request.urlopen(request):
        pass


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _tar(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()
