"""Lines as kubectl, the kubelet, programs, diffs and Desk itself print them, with no secret in them.

The names, digests and numbers are made up anew from a seed; they look as random as secrets do.
"""

import random
import string
import uuid
from collections.abc import Iterator
from pathlib import Path

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_NAMES = (
    *(
        "checkout",
        "catalog",
        "token-service",
        "auth-api",
        "login",
        "payments-worker",
        "secret-rotator",
        "passport-ui",
    ),
    *(
        "vault-agent-injector",
        "password-reset",
        "keycloak",
        "user-profile",
        "cart",
        "session-store",
        "api-key-manager",
    ),
)
_TEMPLATES = Path(__file__).with_suffix(".txt").read_text().rstrip("\n").split("\n")


class _Fill(dict[str, str]):
    """Values for the templates, new at each use."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def __missing__(self, name: str) -> str:
        made = getattr(self, f"_{name}", None)
        if made is not None:
            return str(made())
        letters = "0123456789abcdef" if name.startswith("hex") else _SUFFIX
        return self._of(letters, int(name.lstrip(string.ascii_lowercase)))

    def _of(self, letters: str, count: int) -> str:
        return "".join(self._random.choice(letters) for _ in range(count))

    def _n(self) -> int:
        return self._random.randint(2, 59)

    def _port(self) -> int:
        return self._random.randint(1000, 65535)

    def _name(self) -> str:
        return self._random.choice(_NAMES)

    def _hash(self) -> str:
        return self._of(_SUFFIX, self._random.choice((9, 10)))

    def _pod(self) -> str:
        return f"{self._name()}-{self._hash()}-{self._of(_SUFFIX, 5)}"

    def _image(self) -> str:
        return f"registry.example.com/shop/{self._name()}:v1.{self._n()}.{self._n()}"

    def _sha(self) -> str:
        return self._of("0123456789abcdef", 64)

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _uid8(self) -> str:
        return self._uid()[:8]

    def _camel(self) -> str:
        return self._name().replace("-", "")

    def _upper(self) -> str:
        return f"{self._name().upper().replace('-', '_')}_{self._of(string.ascii_uppercase, 3)}"

    def _time(self) -> str:
        return f"2026-10-05T10:{self._random.randint(10, 59)}:{self._random.randint(10, 59)}.{self._port()}Z"


def lines(seed: int, count: int) -> Iterator[str]:
    """So many lines, from each template in turn."""
    fill = _Fill(seed)
    for number in range(count):
        yield _TEMPLATES[number % len(_TEMPLATES)].format_map(fill)
