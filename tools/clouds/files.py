"""Files of this machine that a cloud is given, or a link or value is written to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.errors import ArgumentsError

LocalFile = Annotated[
    str,
    Field(pattern=r"^[~/][^\x00-\x1f]*$", max_length=4096, description="File on this machine: /path or ~/path."),
]


def digest(path: Path, largest_bytes: int) -> tuple[str, int]:
    """The SHA-256 and the size in bytes; raises `ArgumentsError` for what cannot be put in one request."""
    try:
        size_bytes = path.stat().st_size
        if not path.is_file():
            raise ArgumentsError(f"{path} is no regular file.")
        if size_bytes > largest_bytes:
            raise ArgumentsError(
                f"{path} has {size_bytes:,} bytes; one request takes {largest_bytes:,} at most: use the cloud's "
                "own command (aws s3 cp, az storage blob upload)."
            )
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), size_bytes
    except OSError as error:
        raise ArgumentsError(f"The file {path} cannot be read: {error.strerror}.") from error
