"""The JSON schemas of what Desk prints, made from its types: `python -m agent.docs.schemas DIR` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

import msgspec

from agent.journal.events import SCHEMA, TYPES
from agent.journal.journal import Entry
from agent.surfaces.documents import DOCUMENTS
from tools.checks import Check
from tools.explain import CAUSES
from tools.json import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, Json]:
    """File name -> JSON schema of every document and of the events."""
    made = {_file_name(str(each.__struct_config__.tag)): _closed(_schema(each)) for each in DOCUMENTS}
    return {**made, _file_name(SCHEMA): _event_schema()}


def _closed(schema: Json) -> Json:
    """The vocabulary of causes is closed: those of the rules, and the rules of `desk validate`."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if "evidence" in part["properties"]:
            part["properties"]["cause"]["enum"] = sorted((*CAUSES, *get_args(Check)))
        elif "means" in part["properties"]:
            part["properties"]["cause"]["enum"] = sorted(CAUSES)
    return schema


def _file_name(document: str) -> str:
    return f"{document.replace('/', '.')}.json"


def _schema(kind: type) -> Json:
    """A type's schema, at the top; those of its parts in `$defs`."""
    (top,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    schema = parts.pop(top["$ref"].rpartition("/")[2])
    return {"$schema": DIALECT, **schema, **({"$defs": parts} if parts else {})}


def _event_schema() -> Json:
    """One line of `journal export` and of `-o jsonl`: the envelope, and a body for each type."""
    envelope = _schema(Entry)
    bodies, parts = msgspec.json.schema_components(TYPES.values(), ref_template="#/$defs/{name}")
    kinds = [
        {"properties": {"type": {"const": name}, "body": body}} for name, body in zip(TYPES, bodies, strict=True)
    ]
    properties = {"schema": {"const": SCHEMA}, **envelope["properties"]}
    return {
        **envelope,
        "properties": {**properties, "type": {"enum": list(TYPES)}},
        "required": list(properties),
        "additionalProperties": False,
        "oneOf": kinds,
        "$defs": parts,
    }


def write(folder: Path) -> None:
    """Write every schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
