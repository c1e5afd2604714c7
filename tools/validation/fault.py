"""What a rule found: where, and what it says there."""

from __future__ import annotations

from dataclasses import dataclass

from tools.validation.edits import Edit
from tools.validation.manifests import Manifest, Source
from tools.validation.parsing import Mark, Path


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule does not hold, and what it says there: one sentence with the decisive detail."""

    manifest: Manifest | Source
    path: Path
    says: str
    container: str | None = None
    edits: tuple[Edit, ...] = ()
    """What mends it, where there is one right answer."""
    place: Mark | None = None
    """Where it is, if the path does not say it."""
    is_secret: bool = False
    """The line must not be quoted."""

    @property
    def source(self) -> Source:
        """The file."""
        return self.manifest if isinstance(self.manifest, Source) else self.manifest.source

    @property
    def mark(self) -> Mark:
        """The place in the file."""
        if self.place is not None or isinstance(self.manifest, Source):
            return self.place or Mark(1, 1, 0)
        return self.manifest.mark(self.path)
