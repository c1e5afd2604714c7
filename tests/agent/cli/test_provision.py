"""Wrong values of provision-namespace: said at once, and nothing is begun, in the cluster or in the workspace."""

from __future__ import annotations

from pathlib import Path

from tests.agent.conftest import InProcess

WRONG: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Web-dev",), "namespace"),
    (("web_dev",), "namespace"),
    (("-web",), "no such option"),
    (("w" * 64,), "namespace"),
    (("kube-system",), "belongs to the cluster itself"),
    (("openshift-web",), "belongs to the cluster itself"),
    (("default",), "belongs to the cluster itself"),
    (("web-prod", "dev"), "says prod"),
    (("dr-latest-dev", "prod"), "says dev"),
    (("web", "production"), "production"),
    (("web-dev", "--cpu", "0"), "out of bounds"),
    (("web-dev", "--cpu", "-1"), "no quantity"),
    (("web-dev", "--cpu", "1e99"), "no quantity"),
    (("web-dev", "--cpu", "4 cores"), "no quantity"),
    (("web-dev", "--cpu", "1m"), "out of bounds"),
    (("web-dev", "--cpu", "2", "--cpu-requests", "3"), "is more than cpu 2"),
    (("web-dev", "--memory", "1m"), "thousandths of a byte"),
    (("web-dev", "--memory", "4GiB"), "write 4Gi"),
    (("web-dev", "--memory", "16GB"), "16Gi (binary) or 16G (decimal)"),
    (("web-dev", "--memory", "1"), "out of bounds"),
    (("web-dev", "--storage", "lots"), "no quantity"),
    (("web-dev", "--storage", "1Mi"), "out of bounds"),
    (("web-dev", "--team", "the team"), "cannot be a label's value"),
    (("web-dev", "--cost-center", "47/11"), "cannot be a label's value"),
    (("web-dev", "--members", "system:admin"), "part of the cluster, or everybody"),
    (("web-dev", "--group", "system:authenticated"), "part of the cluster, or everybody"),
    (("web-dev", "--members", 'ann"x'), "QUOTATION MARK"),
    (("web-dev", "--members", "ann\u202ex"), "RIGHT-TO-LEFT OVERRIDE"),
    (("web-dev", "--viewers", "a" * 254), "253"),
    (("web-dev", "--members", "ann", "--viewers", "ann"), "as member and as viewer"),
    (("web-dev", "--close", "everything"), "everything"),
    (("web-dev", "--quota", "4"), "no such option"),
)


def test_wrong_values_are_said_and_nothing_is_begun(workspace: Path, in_process: InProcess) -> None:
    for arguments, said in WRONG:
        done = in_process("provision-namespace", *arguments, "--workspace", workspace)
        assert done.returncode == 2, arguments
        assert said.lower() in done.stderr.lower(), arguments
        assert done.stdout == ""
    assert not list((workspace / ".desk").glob("journal.db*"))
