"""Which repository a git URL names, and where a person sees its webhooks. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

_SCP = re.compile(r"[\w.-]+@(?P<host>[\w.-]+):(?P<path>[^/:][^:]*)")


class Repository(msgspec.Struct, frozen=True):
    """`host` with its port where that is not the scheme's, and `path` without slashes at its ends or `.git`."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"

    @property
    def settings(self) -> str:
        """The page on which a person sees its webhooks and their deliveries; empty where that is not known."""
        if "gitlab" in self.host:
            return f"https://{self}/-/hooks"
        return f"https://{self}/settings/hooks" if "github" in self.host else ""


def repository_of(url: str) -> Repository | None:
    """The repository of an https, ssh or scp-like URL (`git@host:path`); None for what is none of these.

    Source: https://git-scm.com/docs/git-clone#_git_urls
    """
    try:
        parts = urlsplit(url.strip())
        if parts.scheme in ("https", "http", "ssh", "git", "git+ssh"):
            port = f":{parts.port}" if parts.port and parts.scheme in ("https", "http") else ""
            return _made(f"{parts.hostname or ''}{port}", parts.path)
    except ValueError:  # a port that is none, a bracket that is not closed
        return None
    named = _SCP.fullmatch(url.strip())
    return _made(named["host"], named["path"]) if named else None


def _made(host: str, path: str) -> Repository | None:
    path = path.strip("/").removesuffix(".git").strip("/")
    plain = all(part not in ("", ".", "..") and part.isprintable() for part in path.split("/"))
    return Repository(host.lower(), path) if host and plain and "/" in path else None
