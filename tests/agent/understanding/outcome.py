"""What a wording came to, beside what it should: the glue between the wordings and the understanding of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agent.journal.view import SessionView
from agent.session.rollback import undo_last_tool
from agent.understanding.matching import READS
from agent.understanding.understand import understand
from agent.understanding.wishes import Call, Diagnosis, Understanding, Wish
from agent.understanding.world import World
from tools.catalog import TOOLS
from tools.cluster.resources import find
from tools.json import Json

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where there is libyaml


def _loaded(name: str) -> Json:
    document: Json = yaml.load((Path(__file__).parent / name).read_text(), _LOADER)
    return document


FILE = _loaded("wordings.yaml")
WORDINGS: list[Json] = FILE["wordings"]
MORE: list[Json] = _loaded("more_wordings.yaml")["wordings"]
TUNED = [wording for index, wording in enumerate(WORDINGS) if index % 3 != 2]
HELD_OUT = [wording for index, wording in enumerate(WORDINGS) if index % 3 == 2]
SCHEMAS: Mapping[str, Json] = {
    tool.name: tool.schema for tool in (*TOOLS, undo_last_tool(SessionView("s"), Path()))
}


def world(namespace: str = "") -> World:
    """The world that the wordings are said in; all of its objects were listed."""
    said = FILE["world"]
    kinds = {kind for objects in said["objects"].values() for kind in objects}
    names = {
        place: {kind: tuple(objects.get(kind, ())) for kind in kinds} for place, objects in said["objects"].items()
    }
    return World(
        namespace or said["namespace"], tuple(said["objects"]), {**names, "": {"Node": tuple(said["nodes"])}}
    )


def understood(wording: Json) -> Understanding:
    """What a wording is understood to ask for."""
    return understand(wording["text"], world(wording.get("namespace", "")), SCHEMAS)


def is_right(wording: Json, found: Understanding) -> bool:
    """Whether it came to what it should. Where it should ask, whatever changes nothing is right."""
    if "refer" in wording:
        return found.owner is not None and found.owner[0] == wording["refer"]
    if "ask" in wording:
        return not changes(found)
    if "tell" in wording:
        return not changes(found) and _same([wording["tell"]], [_plain(wish) for wish in found.advice])
    if "do" in wording:
        return _same(wording["do"], [_plain(wish) for wish in found.wishes])
    kind = "mend" if "mend" in wording else "diagnose"
    return _is_diagnosis(wording[kind], found, mends=kind == "mend")


def changes(found: Understanding) -> list[Json]:
    """The changes that it would make, in order."""
    return [_plain(wish) for wish in found.wishes if _changes(wish)]


def _changes(wish: Wish) -> bool:
    return wish.mends if isinstance(wish, Diagnosis) else wish.tool not in READS


def _is_diagnosis(wanted: Json, found: Understanding, *, mends: bool) -> bool:
    if len(found.wishes) != 1 or not isinstance(found.wishes[0], Diagnosis):
        return False
    wish = found.wishes[0]
    return (wish.namespace, set(wish.names), wish.mends) == (wanted["namespace"], set(wanted["names"]), mends) and (
        set(wish.excluded) >= set(wanted.get("except", ()))
    )


def _plain(wish: Wish) -> Json:
    if isinstance(wish, Call):
        return {wish.tool: wish.arguments}
    said = {"namespace": wish.namespace, "names": list(wish.names)}
    if wish.mends:
        return {"mend": {**said, **({"except": list(wish.excluded)} if wish.excluded else {})}}
    return {"diagnose": said}


def _same(wanted: list[Json], found: list[Json]) -> bool:
    return [_canonical(call) for call in wanted] == [_canonical(call) for call in found]


def _canonical(call: Json) -> Any:
    ((tool, arguments),) = call.items()
    defaults = {
        name: schema["default"]
        for name, schema in SCHEMAS.get(tool, {}).get("properties", {}).items()
        if "default" in schema
    }
    said = {name: value for name, value in (arguments or {}).items() if defaults.get(name) != value}
    if tool in ("list", "get", "describe", "delete", "save_manifest") and (
        known := find(str(said.get("kind", "")))
    ):
        said["kind"] = known.kind
    if "names" in said:
        said["names"] = sorted(said["names"])
    return tool, said


def mutated_effect(found: Understanding, wrong: list[dict[str, Any]]) -> bool:
    """Whether it would do exactly this."""
    return _same(wrong, [_plain(wish) for wish in found.wishes])
