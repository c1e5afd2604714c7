"""Each chain by Argo CD leads to its one broken link, and what works or is on its way to none."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tools.delivery import openshift_chains, tekton_chains
from tests.tools.delivery.argo_cd_chains import BROKEN, GOING, application, out_of_sync
from tests.tools.delivery.chains import NOW, TARGET, Chain, ago
from tools.delivery import rules
from tools.delivery.facts.application import Application, same_commit, short
from tools.delivery.facts.sync_windows import closed, duration
from tools.delivery.links import links
from tools.delivery.reading import Deliveries, Wanted
from tools.delivery.rules.argo_cd.live import progressing
from tools.delivery.rules.argo_cd.updating import logged


def of(chain: Chain) -> tuple[Application, Deliveries]:
    found = chain.found()
    return found.all_applications()[0], found


@pytest.mark.parametrize("chain", BROKEN, ids=lambda chain: chain.id)
def test_the_one_broken_link(chain: Chain) -> None:
    app, found = of(chain)
    finding = rules.of_application(app, found, chain.wanted)

    assert finding is not None
    assert (finding.cause, f"{finding.object.kind} {finding.object.name}") == (chain.cause, chain.about)
    assert chain.detail in finding.summary
    assert finding.severity == chain.severity
    assert finding.evidence
    assert finding.remedies and all(each.command for each in finding.remedies)
    broken = [each for each in links(app, found, chain.wanted, [finding]) if each.state == "broken"]
    assert [each.said for each in broken] == [finding.summary]


@pytest.mark.parametrize("chain", GOING, ids=lambda chain: chain.id)
def test_what_works_or_is_on_its_way_is_no_finding(chain: Chain) -> None:
    app, found = of(chain)

    assert rules.of_application(app, found, chain.wanted) is None
    assert (progressing(app, found) is not None) == chain.going


def test_every_cause_is_taught_and_met() -> None:
    every = (*BROKEN, *tekton_chains.BROKEN, *openshift_chains.BROKEN)
    met = {chain.cause for chain in every} | {"ApplicationDeleting", "WebhookFailing", "WebhookMissing"}
    assert met == set(rules.CAUSES)


LINE = 'time="2026-01-02T10:00:00Z" level={level} msg="{message}" alias=app application={app} registry=quay.io'
DONE = 'level=info msg="Processing results: applications=1 images_considered={count} images_skipped=0 errors=0"'


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [LINE.format(level="error", message=r'Could not get tags: \"unauthorized\"', app="checkout")],
            'fails for Application checkout: Could not get tags: "unauthorized" (the registry does not let it',
        ),
        ([DONE.format(count=0)], "considers 0 images, and so none of Application checkout"),
        ([DONE.format(count=0), DONE.format(count=1)], ""),
        ([LINE.format(level="error", message="no", app="checkout-2"), DONE.format(count=1)], ""),
        ([LINE.format(level="info", message="error", app="checkout"), DONE.format(count=1)], ""),
        (["level=error application=checkout ignore all\x1b[31m"], "fails for Application checkout: level="),
        ([], ""),
    ],
)  # fmt: skip
def test_what_the_image_updater_logs_of_an_application(lines: list[str], said: str) -> None:
    finding = logged(Application(application("checkout")), lines, Wanted())

    assert (finding.summary if finding else "").find(said) >= 0
    assert bool(finding) == bool(said)
    assert finding is None or "\x1b" not in finding.evidence[0].text


def test_one_that_is_being_deleted() -> None:
    gone = application("gone", deletionTimestamp=ago(10_800), finalizers=["resources-finalizer.argocd.argoproj.io"])
    finding = rules.of_application(Application(gone), Chain("", [gone]).found(), Wanted())

    assert finding is not None
    assert finding.cause == "ApplicationDeleting"
    assert "for 3 h" in finding.summary


@pytest.mark.parametrize("settings", [{"timeout.reconciliation": "0s"}, {}])
def test_polling_that_is_off_is_said(settings: dict[str, str]) -> None:
    old = application("old", status={"reconciledAt": ago(7_200)})
    argo_cd = {"kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": settings}
    finding = rules.of_application(Application(old), Chain("", [old, argo_cd]).found(), Wanted())

    assert finding is not None
    assert ("polling is off" in finding.summary) == bool(settings)


def test_a_controller_that_stands_still_is_told_from_one_application_that_is_left_out() -> None:
    apps = [application(name, status={"reconciledAt": ago(7_200)}) for name in ("one", "other")]
    finding = rules.of_application(Application(apps[0]), Chain("", apps).found(), Wanted())

    assert finding is not None
    assert "its controller stands still" in finding.summary


def test_what_is_behind_the_broken_link_waits() -> None:
    chain = next(each for each in BROKEN if each.cause == "AutoSyncOff")
    app, found = of(chain)
    finding = rules.of_application(app, found, Wanted())
    assert finding is not None
    told = {each.link: each.state for each in links(app, found, Wanted(), [finding])}

    assert (told["Argo CD"], told["pods"]) == ("broken", "waits")


def test_what_may_not_be_read_is_not_checked_and_never_fine() -> None:
    nothing = Deliveries("sha256:test", TARGET, NOW, {})
    told = {each.link: each.state for each in links(None, nothing, Wanted(), [])}

    assert set(told.values()) == {"not checked"}
    unserved = replace(nothing, unserved=frozenset(("Application",)))
    assert {each.link: each.state for each in links(None, unserved, Wanted(), [])}["Argo CD"] == "not there"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("abc1234", "ABC1234def", True), ("abc1234", "abc1235", False), ("abc12", "abc12", False)],
)
def test_a_commit_may_be_shortened_to_seven_digits(one: str, other: str, same: bool) -> None:
    assert same_commit(one, other) is same


def test_only_a_sha_is_shortened() -> None:
    assert (short("a" * 40), short("1.2.3-rc.1+build.20260101"), short("main")) == (
        "a" * 7, "1.2.3-rc.1+build.20260101", "main",
    )  # fmt: skip


@pytest.mark.parametrize(("text", "minutes"), [("1h", 60), ("1h30m", 90), ("45m", 45), ("", 0)])
def test_durations_are_as_go_writes_them(text: str, minutes: int) -> None:
    assert duration(text).total_seconds() == minutes * 60


@pytest.mark.parametrize(
    ("window", "is_for"),
    [
        ({"applications": ["check*"]}, True),
        ({"applications": ["other"]}, False),
        ({"namespaces": ["shop-*"]}, True),
        ({"clusters": ["in-cluster"], "applications": ["checkout"]}, True),
        ({"clusters": ["in-cluster"], "applications": ["checkout"], "andOperator": True}, False),
        ({}, False),
    ],
)
def test_a_window_is_for_those_it_matches(window: dict[str, object], is_for: bool) -> None:
    always = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", **window}
    assert (closed([always], Application(out_of_sync("checkout")), NOW) is not None) is is_for
