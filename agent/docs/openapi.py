"""The OpenAPI document of the API, as a file: `python -m agent.docs.openapi DIR` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from agent.web.api.openapi import document

NAME = "openapi.json"


def written() -> str:
    """The file's text."""
    return json.dumps(document(), indent=2) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) / NAME).write_text(written())
