"""Desk's image without a container engine: Debian's packages, wheels and Desk itself, as an OCI archive.

    python deploy/image/build.py FILE.tar

It has three layers, from what changes seldom to what changes often: Debian, what Desk imports, Desk. The first
two are kept in a cache (`$XDG_CACHE_HOME/desk-image`) and made anew when what they are made of changes. It runs as
root, for it compiles with the image's own Python; it needs mmdebstrap and pip. With a container engine, the
Containerfile beside it makes the same.

Source of the format: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = ("python3-minimal", "libpython3-stdlib", "git", "ca-certificates", "dash", "tzdata")
LEFT_OUT = (
    "dev", "etc/apt", "usr/bin/perl*", "usr/bin/openssl", "usr/bin/scalar", "usr/bin/git-shell",
    "usr/lib/git-core/git-daemon", "usr/lib/git-core/git-http-backend", "usr/lib/git-core/git-imap-send",
    "usr/lib/git-core/git-http-push", "usr/lib/git-core/git-http-fetch", "usr/lib/git-core/git-shell",
    "usr/lib/git-core/scalar", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/libperl*",
    "usr/lib/x86_64-linux-gnu/perl*", "usr/lib/python3.11/pydoc_data", "usr/share/doc", "usr/share/info",
    "usr/share/lintian", "usr/share/locale", "usr/share/man", "usr/share/perl*", "usr/share/zoneinfo/right",
    "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log",
)  # fmt: skip
"""What a session never starts. git's own commands that Desk uses are programs, and need no perl."""
SITE = f"usr/local/lib/python{PYTHON}/dist-packages"
USER = "65532:65532"
ACCOUNTS = {
    "etc/passwd": "root:x:0:0::/:/bin/false\ndesk:x:65532:65532::/tmp:/bin/false\n",
    "etc/group": "root:x:0:\ndesk:x:65532:\n",
    "etc/gitconfig": "[user]\n\tname = Desk\n\temail = desk@localhost\n"
    "[credential]\n\thelper = store --file=/etc/desk/git/credentials\n",
}
START = "#!/usr/bin/python3\nfrom agent.cli import process\n\nprocess()\n"
EPOCH = 0

Layer = tuple[bytes, str]
"""The compressed bytes, and the digest of what they hold."""


def main(target: Path) -> None:
    """Write the archive."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "desk-image"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = _kept(cache, "debian", _key(SUITE, *PACKAGES, *LEFT_OUT), _debian)
        site = _kept(cache, "site", _key((HERE / "requirements.lock").read_text(), PYTHON), _wheels(root))
        desk = _fresh(cache / "desk", _desk(root))
        layers = [_packed_once(root, ""), _packed_once(site, SITE), _packed(desk, "")]
    _write(target, layers)


def _key(*parts: str) -> str:
    text = "\0".join((*parts, Path(__file__).read_text()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _kept(cache: Path, name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of what is made of `key`; older ones of the name go."""
    folder = cache / f"{name}-{key}"
    if not folder.exists():
        shutil.rmtree(cache / f"{name}.new", ignore_errors=True)
        for old in cache.glob(f"{name}-*"):
            old.unlink() if old.is_file() else shutil.rmtree(old)
        _fresh(cache / f"{name}.new", make).rename(folder)
    return folder


def _fresh(folder: Path, make: Callable[[Path], None]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    make(folder)
    return folder


def _debian(folder: Path) -> None:
    """Debian's packages, unpacked and not set up: no script of theirs runs, and there is no package manager."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    mirror = [str(sources)] if sources.exists() and f"Suites: {SUITE}" in sources.read_text() else []
    wanted = f"--include={','.join(PACKAGES)}"
    _run("mmdebstrap", "--quiet", "--variant=extract", "--format=directory", wanted, SUITE, str(folder), *mirror)
    for pattern in LEFT_OUT:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, text in ACCOUNTS.items():
        (folder / name).write_text(text)
    authorities = sorted((folder / "usr/share/ca-certificates").rglob("*.crt"))
    (folder / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    (folder / "etc/ssl/certs/ca-certificates.crt").write_text("".join(each.read_text() for each in authorities))
    for mount in ("proc", "sys", "dev", "tmp", "workspace"):
        (folder / mount).mkdir(exist_ok=True)
    _compile(folder, f"/usr/lib/python{PYTHON}")


def _wheels(root: Path) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        of_image = ("--python-version", PYTHON, "--implementation", "cp", "--only-binary", ":all:")
        platforms = ("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")
        _pip(folder, "--require-hashes", *of_image, *platforms, "-r", str(HERE / "requirements.lock"))
        shutil.rmtree(folder / "bin", ignore_errors=True)
        _compile_in(root, folder)

    return make


def _desk(root: Path) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        _pip(folder / SITE, "--no-deps", "--no-build-isolation", str(PROJECT))
        shutil.rmtree(folder / SITE / "bin", ignore_errors=True)
        _compile_in(root, folder / SITE)
        start = folder / "usr/local/bin/desk"
        start.parent.mkdir(parents=True)
        start.write_text(START)
        start.chmod(0o755)

    return make


def _pip(target: Path, *what: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-compile", "--root-user-action=ignore")
    _run(sys.executable, "-m", "pip", "install", *quiet, "--target", str(target), *what)


def _compile_in(root: Path, folder: Path) -> None:
    """Compile a folder where it is to stand in the image: tracebacks name its files."""
    stands = root / SITE
    stands.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(stands, ignore_errors=True)  # of a build that was killed
    folder.rename(stands)
    try:
        _compile(root, f"/{SITE}")
    finally:
        stands.rename(folder)


def _compile(root: Path, folder: str) -> None:
    """Bytecode that is never looked at again: the image is read-only, and each start would compile it anew."""
    how = ("-q", "--invalidation-mode=unchecked-hash", "-x", r"/templates/|/lib2to3/")
    _run("chroot", str(root), "/usr/bin/python3", "-m", "compileall", *how, folder)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _packed_once(folder: Path, below: str) -> Layer:
    kept = folder.with_name(f"{folder.name}.tar.gz")
    told = folder.with_name(f"{folder.name}.diff-id")
    if not told.exists():
        content, diff_id = _packed(folder, below)
        kept.write_bytes(content)
        told.write_text(diff_id)
    return kept.read_bytes(), told.read_text()


def _packed(folder: Path, below: str) -> Layer:
    """A layer of a folder's files, the same bytes for the same files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in _files(folder):
            member = tar.gettarinfo(path, str(Path(below, path.relative_to(folder))))
            member.uid = member.gid = member.mtime = EPOCH
            member.uname = member.gname = ""
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)
    content = stream.getvalue()
    return gzip.compress(content, compresslevel=3, mtime=EPOCH), _digest(content)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_socket() and not path.is_block_device())


def _write(target: Path, layers: list[Layer]) -> None:
    """Write the layout as one tar: its index, its manifest, its configuration, its layers."""
    configuration = _json(
        architecture="amd64",
        os="linux",
        config={
            "User": USER,
            "Entrypoint": ["/usr/local/bin/desk"],
            "WorkingDir": "/tmp",
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1"],
        },
        rootfs={"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
    )
    manifest = _json(
        schemaVersion=2,
        mediaType="application/vnd.oci.image.manifest.v1+json",
        config=_described("config.v1+json", configuration),
        layers=[_described("layer.v1.tar+gzip", content) for content, _ in layers],
    )
    named = {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    index = _json(schemaVersion=2, manifests=[_described("manifest.v1+json", manifest) | named])
    blobs = [configuration, manifest, *(content for content, _ in layers)]
    beside = target.with_name(f"{target.name}.new")
    with tarfile.open(beside, "w") as tar:
        _add(tar, "oci-layout", _json(imageLayoutVersion="1.0.0"))
        _add(tar, "index.json", index)
        for blob in blobs:
            _add(tar, f"blobs/sha256/{_digest(blob).removeprefix('sha256:')}", blob)
    beside.replace(target)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {
        "mediaType": f"application/vnd.oci.image.{kind}",
        "digest": _digest(content),
        "size": len(content),
    }


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(**fields: object) -> bytes:
    return json.dumps(fields, sort_keys=True).encode()


if __name__ == "__main__":
    if len(sys.argv) != 2 or os.geteuid():
        raise SystemExit("As root: python deploy/image/build.py FILE.tar (others: deploy/image/Containerfile).")
    main(Path(sys.argv[1]))
