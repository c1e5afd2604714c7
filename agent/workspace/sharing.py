"""A workspace that several machines share by a git remote: a commit counts once the remote has it.

Nothing is merged line by line, and nothing is forced. Where somebody else was faster, the commit is taken back, the
branch follows the remote, and the same edits are made to the files as they stand there: to Desk's section of
WORKING.md, to the top of LOGS.md. So each writer's entries stay.

What a plan is to write is kept as git objects before it is journaled (`History.store`). They are pushed, too, each
under `refs/desk/blobs/`, until the commit that holds them is there: whoever goes on elsewhere has them.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from agent.errors import HistoryError, LeaseHeld
from agent.workspace.history import GitOutput, History, Turn, refusal

TRIES = 12
"""Of one commit, when others are faster each time."""
NETWORK_TRIES = 4
"""Of one fetch or push that the remote does not answer."""
PAUSE_S = 0.2
"""Before the second try; then twice as much each time up to `LONGEST_PAUSE_S`, less a random part of it."""
LONGEST_PAUSE_S = 4.0
TURN_WAIT_S = 120.0
TURN_POLL_S = 0.2
BLOBS = "refs/desk/blobs"
_LATE = ("fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "reference already exists")
"""How git says that somebody else was faster."""
_NOT_THERE = ("couldn't find remote ref",)
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "30"}
"""Nobody is asked for a password, and a remote that is silent for 30 seconds is given up."""


class SharedHistory(History):
    """`History` of a clone whose branch is pushed to `remote`."""

    def __init__(self, root: Path, remote: str) -> None:
        super().__init__(root)
        self._remote = remote
        self._stored: list[str] = []
        self._pushed: list[str] = []

    def published(self, make: Callable[[], str | None], turn: Turn) -> str | None:
        """As `History.published`, and the remote has it. Raises `HistoryError` where it cannot be brought there."""
        with contextlib.ExitStack() as stack:
            _wait_for(turn, stack)
            for number in range(TRIES):
                there = self._catch_up()
                before = self._head()
                sha = make()
                if self._head() == there or self._push():
                    self._put_in_place(before)
                    return sha
                self._move(self._head(), before)
                _pause(number)
        raise HistoryError(
            f"Others have pushed to {self._remote} before each of {TRIES} tries, so the commit was taken back. "
            "Next: `desk resume`, which commits it again"
        )

    def store(self, content: bytes) -> str:
        """As `History.store`; `share_stored` brings it to the remote."""
        oid = super().store(content)
        self._stored.append(oid)
        return oid

    def share_stored(self) -> None:
        """Bring to the remote what was stored since."""
        wanted = [oid for oid in dict.fromkeys(self._stored) if oid not in self._pushed]
        if wanted:
            self._network("push", "--quiet", self._remote, *(f"{oid}:{BLOBS}/{oid}" for oid in wanted))
        self._pushed += wanted
        self._stored.clear()

    def blob(self, oid: str) -> bytes | None:
        """As `History.blob`; what another machine has stored is fetched."""
        found = super().blob(oid)
        if found is not None:
            return found
        if self._network("fetch", "--quiet", self._remote, f"{BLOBS}/{oid}", but=_NOT_THERE).status:
            return None
        self._pushed.append(oid)
        return super().blob(oid)

    @cached_property
    def _branch(self) -> str:
        return self._git.ask("symbolic-ref", "--short", "HEAD").text

    def _catch_up(self) -> str:
        """Bring branch, index and untouched files up to the remote's branch, and give its commit.

        Raises `HistoryError` where both have commits of their own.
        """
        tracking = f"refs/remotes/{self._remote}/{self._branch}"
        self._network("fetch", "--quiet", self._remote, f"+refs/heads/{self._branch}:{tracking}")
        there, here = self._git.ask("rev-parse", tracking).text, self._head()
        if self._is_ancestor(here, there):
            if here != there:
                self._move(here, there)
        elif not self._is_ancestor(there, here):
            raise HistoryError(
                f"{self._branch} here and at {self._remote} each have commits that the other has not. Next: "
                f"`git pull --rebase {self._remote} {self._branch}`, then `desk resume`"
            )
        return there

    def _is_ancestor(self, older: str, newer: str) -> bool:
        return not self._git.run("merge-base", "--is-ancestor", older, newer).status

    def _move(self, here: str, there: str) -> None:
        """The branch to another commit; files that are as `here` has them follow, others stay as they are."""
        changed = self._git.changes(here, there)
        untouched = [path for path in changed if self._blob_at(here, path) == self._blob_in_work_tree(path)]
        with self._index_held():  # the index follows when it is let go
            self._git.ask("update-ref", "-m", f"desk: follow {self._remote}", "HEAD", there, here)
        for path in untouched:
            (self._place.top / path).unlink(missing_ok=True)
        self._check_out(path for path in untouched if self._blob_at(there, path))

    def _put_in_place(self, before: str) -> None:
        """Write the files of new commits that the work tree lacks, for another machine wrote them in its own."""
        new = self._git.changes(before, self._head()) if self._head() != before else {}
        missing = (path for path in new if not (self._place.top / path).exists())
        self._check_out(path for path in missing if self._blob_at("HEAD", path))

    def _blob_at(self, commit: str, path: str) -> str:
        return self._git.run("rev-parse", "--quiet", "--verify", f"{commit}:{path}").text

    def _blob_in_work_tree(self, path: str) -> str:
        if not (self._place.top / path).is_file():
            return ""
        return self._git.ask("hash-object", f"--path={path}", "--", path).text

    def _check_out(self, paths: Iterable[str]) -> None:
        names = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        if names:
            self._git.ask("checkout-index", "--force", "--quiet", "-z", "--stdin", stdin=names)

    def _push(self) -> bool:
        """Whether the remote took the commit; False: somebody else was faster."""
        to = f"HEAD:refs/heads/{self._branch}"
        if self._network("push", "--quiet", self._remote, to, but=_LATE).status:
            return False
        if self._pushed:  # a commit holds them now; where they stay, they are only of no use
            self._run("push", "--quiet", self._remote, *(f":{BLOBS}/{oid}" for oid in self._pushed))
            self._pushed.clear()
        return True

    def _network(self, *command: str, but: tuple[str, ...] = ()) -> GitOutput:
        """A command that must succeed, or say one of `but`; it is tried again. Raises `DeskError` at last."""
        for number in range(NETWORK_TRIES):
            output = self._run(*command)
            if output.status == 0 or any(each in output.err for each in but):
                return output
            if number + 1 < NETWORK_TRIES:
                _pause(number)
        raise refusal(output.err, command[0], self._place.top)

    def _run(self, *command: str) -> GitOutput:
        return self._git.run(*command, env=_ENVIRONMENT)


def _wait_for(turn: Turn, stack: contextlib.ExitStack) -> None:
    """Many at once would only take back each other's tries. Who has waited too long tries without its turn."""
    until = time.monotonic() + TURN_WAIT_S
    while time.monotonic() < until:
        try:
            stack.enter_context(turn())
        except LeaseHeld:
            time.sleep(random.uniform(0.5, 1.5) * TURN_POLL_S)  # noqa: S311
        else:
            return


def _pause(number: int) -> None:
    time.sleep(min(PAUSE_S * 2**number, LONGEST_PAUSE_S) * random.uniform(0.5, 1))  # noqa: S311
