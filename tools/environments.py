"""What namespaces are for, and the words that say it: in a label, a name, a task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Environment = Literal["dev", "qa", "test", "staging", "prod"]

WORDS: Mapping[str, Environment] = MappingProxyType({
    "dev": "dev", "development": "dev", "qa": "qa", "test": "test", "testing": "test",
    "stage": "staging", "staging": "staging", "prod": "prod", "production": "prod",
})  # fmt: skip
