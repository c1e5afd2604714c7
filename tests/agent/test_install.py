"""The wheel, as pipx and uv install it: the command works wherever one stands."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

TOP = Path(__file__).parents[2]
SCRIPT = "import sys\nfrom agent.__main__ import program\nsys.exit(program())\n"
"""What an installer writes for `desk`."""


def test_the_command_works_in_a_folder_that_has_an_agent_and_tools_of_its_own(
    tmp_path: Path, own_home: Path
) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
        names = packed.namelist()
    folders = {name.partition("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"agent", "tools", "prompts"}
    assert "prompts/SOUL.md" in names
    command = tmp_path / "bin" / "desk"
    command.parent.mkdir()
    command.write_text(SCRIPT)
    for package in ("agent", "tools"):
        (tmp_path / "shop" / package).mkdir(parents=True)
        (tmp_path / "shop" / package / "__init__.py").write_text("raise SystemExit('not this one')\n")
    done = subprocess.run(
        [sys.executable, str(command), "debug-pod", "--explain", "OOMKilled"],
        cwd=tmp_path / "shop",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "OOMKilled" in done.stdout
