"""Secret values of a cloud in files that their owner alone may read.

Nothing of a value is told: not even its digest.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tools.cloud.resource import HOW, Cloud, Live
from tools.cluster.errors import Conflict
from tools.errors import ToolFailed
from tools.json import Json

FILE = "local/File"
MODE = 0o600
OWN = {"environment": "dev"}
"""A person's own files are theirs to decide about; what goes into one has its secret's environment."""


def check_new(path: Path) -> None:
    """Raises `ToolFailed` where there is something already, or no folder to write into."""
    if os.path.lexists(path):
        raise ToolFailed(f"{path} is there already, and is not overwritten. Name another file, or remove it.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ToolFailed(f"{path} cannot be written: {path.parent} is no folder that may be written into.")


@dataclass(frozen=True, slots=True)
class Files:
    """`Kind` of such files, by their absolute path.

    How it is filled says `how`: kind, name and key of the value.
    """

    cloud: Cloud
    reasons = ("the value goes into the file alone, mode 0600: not to the terminal, the journal or git",)

    def read(self, name: str) -> Live | None:
        """Whether it is there, whole, and readable by its owner alone."""
        try:
            found = Path(name).lstat()
        except OSError:
            return None
        mode = f"{found.st_mode & 0o7777:04o}"
        spec: Json = {"mode": mode, "tags": OWN}
        return Live(f"{found.st_ino} {found.st_mtime_ns}", spec, told=f"{name}, mode {mode}")

    def create(self, name: str, spec: Json, token: str) -> None:
        """Whole or not at all, and never over what is there."""
        how, path = spec[HOW], Path(name)
        value = self.cloud.value(how["kind"], how["name"], how["key"])
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, path)  # refused where there is one by now
        except FileExistsError as error:
            raise Conflict(f"{path} is there by now") from error
        except OSError as error:
            raise ToolFailed(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            beside.unlink(missing_ok=True)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Never asked for: it is made as it is to be."""

    def deletion(self, name: str, live: Live) -> Json:
        """The value stays where it came from."""
        return {"file": "is removed"}

    def delete(self, name: str, how: Json) -> None:
        """Remove it."""
        Path(name).unlink(missing_ok=True)
