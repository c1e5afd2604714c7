"""What has one right answer, mended in the files' texts. Everything else of them stays byte for byte."""

from __future__ import annotations

from collections import defaultdict

from tools.validation.edits import Edit, applied
from tools.validation.manifests import Source
from tools.validation.parsing import Unparsed, documents
from tools.validation.reading import Reading, parsed
from tools.validation.validate import Against, Validation, validate

_ROUNDS = 8
"""One mending may show another: a new apiVersion, and then its fields."""


def mended(reading: Reading, against: Against) -> dict[str, str]:
    """The texts of the files that can be mended, by path, as they should be."""
    before = {source.path: source.text for source in reading.sources}
    texts = dict(before)
    for _ in range(_ROUNDS):
        edits = _edits(validate(_of(reading, texts), against))
        changed = {path: applied(texts[path], of_file) for path, of_file in edits.items()}
        changed = {path: text for path, text in changed.items() if _is_yaml(text)}
        if all(texts[path] == text for path, text in changed.items()):
            break
        texts |= changed
    return {path: text for path, text in texts.items() if text != before[path]}


def _of(reading: Reading, texts: dict[str, str]) -> Reading:
    sources = [Source(path, text) for path, text in texts.items()]
    again = parsed(reading.path, sources, is_named=bool(reading.strangers))
    again.generated = reading.generated
    return again


def _edits(validation: Validation) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = defaultdict(list)
    for each in validation.found:
        found[each.fault.source.path] += each.fault.edits
    return found


def _is_yaml(text: str) -> bool:
    """Whether each document can still be read: else the file is left as it is."""
    return not any(isinstance(document, Unparsed) for document in documents(text))
