"""Images that a registry of Azure builds itself, from a folder of this machine: a task run each.

A task run has a name, so that one which was begun is found again. It is of one image and one source: the same
folder is built once, whoever asks again.

| key of the specification | is |
|---|---|
| `image` | REPOSITORY:TAG |
| `source` | the SHA-256 of what is built, as it is packed |
| `dockerfile` | the Dockerfile's path in the folder |
| `tags` | those of the registry, with the session: Azure gives task runs none, so they stand in `forceUpdateTag` |

Azure's SDK for tasks is in beta only; these are four requests, sent by the client of the registry's SDK.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-tasks-overview#quick-task,
https://learn.microsoft.com/rest/api/containerregistry/task-runs/create (API version 2019-06-01-preview).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.cloud.azure import arm
from tools.cloud.resource import HOW, Live
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

TASK_RUN = "containerregistry.azure/TaskRun"
LARGEST_BYTES = 256 * 1024 * 1024
"""Of a packed folder."""
BUILDS_WITHIN_S = 3600
_VERSION = "2019-06-01-preview"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_SLUG = 40
"""Characters of the image in a run's name, which has 50 at most."""


def check_tag(tag: str) -> None:
    """Raises `ArgumentsError` for what is no tag, or moves by custom."""
    if not _TAG.fullmatch(tag):
        raise ArgumentsError(f"{tag!r} is no tag: up to 128 letters, digits and _ . -, such as 1.4.2.")
    if tag == "latest":
        raise ArgumentsError("The tag latest says not what runs. Give the version or the commit: 1.4.2.")


def run_name(image: str, source: str, attempt: int) -> str:
    """The name of a run. A source of which the run failed has another attempt."""
    slug = re.sub(r"[^a-z0-9]+", "-", image.lower())[:_SLUG].strip("-")
    same = hashlib.sha256(f"{image}\n{source}\n{attempt}".encode()).hexdigest()[:8]
    return f"{slug}-{same}"


def packed(folder: Path, dockerfile: str) -> bytes:
    """A folder as a tar file, compressed, without what .dockerignore leaves out, and `.git`.

    The same files give the same bytes: their times and owners are left out. A link stays a link. Raises
    `ArgumentsError` for what cannot be built.
    """
    from docker.utils.build import exclude_paths

    if not folder.is_dir():
        raise ArgumentsError(f"There is no folder {folder}. Give the one with the Dockerfile: /path or ~/path.")
    if Path(dockerfile).is_absolute() or not (folder / dockerfile).resolve().is_relative_to(folder.resolve()):
        raise ArgumentsError(f"The Dockerfile is to be in the folder: give its path from there, not {dockerfile}.")
    if not (folder / dockerfile).is_file():
        raise ArgumentsError(f"There is no file {dockerfile} in {folder}, which says how to build it.")
    data = io.BytesIO()
    try:
        with (
            gzip.GzipFile(fileobj=data, mode="wb", mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w") as archive,
        ):
            for path in sorted(exclude_paths(str(folder), [*_ignored(folder), ".git"], dockerfile)):
                archive.add(folder / path, arcname=path, recursive=False, filter=_plain)
                if data.tell() > LARGEST_BYTES:
                    raise ArgumentsError(
                        f"{folder} has more than {LARGEST_BYTES:,} bytes, compressed. Leave out what the image "
                        "does not need by a file .dockerignore."
                    )
    except OSError as error:
        raise ArgumentsError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return data.getvalue()


def _ignored(folder: Path) -> list[str]:
    file = folder / ".dockerignore"
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _plain(file: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without times and owners; sockets and devices are left out."""
    if not (file.isfile() or file.isdir() or file.issym() or file.islnk()):
        return None
    file.mtime, file.uid, file.gid, file.uname, file.gname = 0, 0, 0, "", ""
    return file


@dataclass(frozen=True, slots=True)
class TaskRuns:
    """`Kind` of task runs, `REGISTRY/NAME`."""

    azure: Azure
    reasons = ("a tag that is there already is not built again: what was tested under a tag is what runs",)

    def read(self, name: str) -> Live | None:
        """The run, and what came of it."""
        registry, _, run = name.partition("/")
        try:
            found = self.azure.request("GET", f"{_path(self.azure, registry)}/taskRuns/{run}", _VERSION)
        except NotFound:
            return None
        said, asked = found["properties"], found["properties"].get("runRequest") or {}
        result = (said.get("runResult") or {}).get("properties") or said.get("runResult") or {}
        kept = arm.from_text(said.get("forceUpdateTag"))
        source = kept.pop("source", "")
        image = str((asked.get("imageNames") or [""])[0])
        number = result.get("runId")
        digest = next((each["digest"] for each in result.get("outputImages") or () if each.get("digest")), "")
        state = said.get("provisioningState")
        logs = f": az acr task logs --registry {registry} --run-id {number}" if number else ""
        return Live(
            arm.uid(found),
            {"image": image, "source": source, "dockerfile": str(asked.get("dockerFilePath") or ""), "tags": kept},
            making=arm.making(state),
            failed=f"the build {state or ''}{logs}" if arm.failed(state) else "",
            told=f"{image} is built, {digest or 'its digest is not told'}",
        )  # fmt: skip

    def create(self, name: str, spec: Json, token: str) -> str:
        """Upload the folder as it was approved, then have it built."""
        registry, _, run = name.partition("/")
        data = packed(Path(spec[HOW]["folder"]), spec["dockerfile"])
        if hashlib.sha256(data).hexdigest() != spec["source"]:
            raise ToolFailed(
                f"{spec[HOW]['folder']} was changed since it was approved. Nothing is built: ask again."
            )
        place = _path(self.azure, registry)
        where = self.azure.request("POST", f"{place}/listBuildSourceUploadUrl", _VERSION)
        self.azure.upload(str(where["uploadUrl"]), data)
        body: Json = {
            "location": self.azure.account.region,
            "properties": {
                "forceUpdateTag": arm.as_text({**spec["tags"], "source": spec["source"]}),
                "runRequest": {
                    "type": "DockerBuildRequest", "imageNames": [spec["image"]], "isPushEnabled": True,
                    "dockerFilePath": spec["dockerfile"], "sourceLocation": where["relativePath"],
                    "platform": {"os": "Linux", "architecture": "amd64"}, "timeout": BUILDS_WITHIN_S,
                },
            },
        }  # fmt: skip
        self.azure.request("PUT", f"{place}/taskRuns/{run}", _VERSION, body)
        return f"building {spec['image']}"

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """A run is as it was begun: nothing of it can be set."""

    def deletion(self, name: str, live: Live) -> Json:
        """Nobody knows which clusters run the image."""
        repository = live.spec["image"]
        raise ToolFailed(
            f"Image {repository} stays in its registry: nobody knows what runs it. Nothing was changed. Next: if "
            f"nothing does, az acr repository delete --name {name.partition('/')[0]} --image {repository}"
        )

    def delete(self, name: str, how: Json) -> None:
        """Never asked for."""
        raise LookupError("a task run is not deleted")


def _path(azure: Azure, registry: str) -> str:
    return f"{azure.group_id}/providers/Microsoft.ContainerRegistry/registries/{registry}"
