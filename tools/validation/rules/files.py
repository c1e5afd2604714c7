"""Files: is it YAML, is it a manifest, does a key or an object stand twice."""

from __future__ import annotations

from collections.abc import Iterator

from tools.validation.edits import lines_of
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest
from tools.validation.parsing import Twice
from tools.validation.rule import Context, Rule
from tools.validation.schema import shown

_YAML = "https://yaml.org/spec/1.2.2/"
_OBJECTS = "https://kubernetes.io/docs/concepts/overview/working-with-objects/"


def _invalid(context: Context) -> Iterator[Fault]:
    for broken in context.broken:
        fault = broken.fault
        more = (
            " This looks like a template: render it first, and validate what comes out."
            if fault.is_template
            else ""
        )
        yield Fault(broken.source, (), f"this is no YAML: {fault.problem}.{more}", place=fault.mark, is_secret=True)


def _strangers(context: Context) -> Iterator[Fault]:
    for source, mark in context.strangers:
        yield Fault(source, (), "this is no manifest: it has no apiVersion and kind", place=mark, is_secret=True)
    for each in context.manifests.objects:
        if not (each.api_version and each.kind):
            missing = "kind" if each.api_version else "apiVersion"
            yield Fault(each, (), f"this is no manifest: it has no {missing}", is_secret=True)


def _twice(context: Context) -> Iterator[Fault]:
    for each in context.manifests.objects:
        for twice in each.twice:
            yield _told_twice(each, twice)


def _told_twice(each: Manifest, twice: Twice) -> Fault:
    is_same = twice.first.value == twice.second.value
    edit = lines_of(each.source.text, twice.key, twice.second) if is_same else ()
    what = "with the same value" if is_same else "with another value, and only this one counts"
    says = f"{shown(twice.path)} stands here a second time, {what}"
    return Fault(each, twice.path, says, None, edit, twice.key.start)


def _duplicates(context: Context) -> Iterator[Fault]:
    """Twice in one folder: in two folders, they are variants."""
    seen: dict[object, Manifest] = {}
    for each in context.everything:
        if each.source.is_base or not each.name or not each.kind:
            continue
        first = seen.setdefault((each.source.folder, each.identity), each)
        if first is not each:
            where = f"{first.source.path}:{first.mark(('metadata', 'name')).line}"
            yield Fault(
                each, ("metadata", "name"), f"{each.ref} is in {where}, too: the last one that is applied wins"
            )


RULES = (
    Rule(
        "InvalidYAML",
        "error",
        "A document is not YAML.",
        "kubectl refuses the whole file, and so does every pipeline.",
        "Mend the line: most often an indentation, a colon in unquoted text, or a quote that is not closed.",
        _YAML,
        _invalid,
        of_text=True,
    ),
    Rule(
        "NotAManifest",
        "error",
        "A document has no apiVersion or no kind.",
        "The API server cannot know what it is to make.",
        "Add apiVersion and kind, or keep the file out of the manifests' folder.",
        _OBJECTS,
        _strangers,
    ),
    Rule(
        "DuplicateKey",
        "error",
        "A key stands twice in one mapping.",
        "Only the last one counts, silently, and strict validation refuses it: what a reviewer reads first is not "
        "what runs.",
        "Keep one of the two.",
        "https://yaml.org/spec/1.2.2/#mapping",
        _twice,
        of_text=True,
    ),
    Rule(
        "DuplicateObject",
        "warning",
        "Two manifests of one folder make the same object.",
        "Applied together, the last one overwrites the other.",
        "Merge them, give one another name, or put variants into folders of their own.",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
        _duplicates,
    ),
)
