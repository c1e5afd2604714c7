"""What waits is decided on the page by who may, once; nothing else that is sent to it decides anything."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from agent.journal.approvals import load
from tests.agent.humans.people import CHANGE, OBJECT, asked, request
from tests.agent.web.serving import Served, forms, submit

Send = Callable[[Served, httpx.Client, httpx.Response, str], httpx.Response]


def waiting(page: Served) -> str:
    return asked(page.journal, now=page.clock())


def approve(client: httpx.Client, row: str) -> httpx.Response:
    return submit(client, client.get(f"/approvals/{row}"), f"/approvals/{row}/approve")


def test_who_may_approves_after_having_seen_the_whole_diff(page: Served) -> None:
    diff = "\n".join(f"+line {number}" for number in range(5_000))
    row = asked(page.journal, request(diff=diff), page.clock())
    ana = page.logged_in("ana")
    shown = ana.get(f"/approvals/{row}").text
    assert all(f'<span class="added">{line}\n</span>' in shown for line in diff.splitlines())
    assert shown.index("+line 4999") < shown.index("Approve</button>")
    done = approve(ana, row)
    assert (done.status_code, done.headers["location"]) == (303, f"/approvals/{row}")
    decided = load(page.journal, row)
    assert (decided.status, decided.approver) == ("approved", "ana")
    (entry,) = page.journal.entries(types=("approval_decided",))
    assert entry.body["channel"] == "web"
    after = ana.get(f"/approvals/{row}").text
    assert "Approve</button>" not in after and f"desk resume {decided.session}" in after


def test_who_may_rejects_with_a_reason(page: Served) -> None:
    row, ben = waiting(page), page.logged_in("ben")
    done = submit(ben, ben.get(f"/approvals/{row}"), f"/approvals/{row}/reject", reason=" not <b>tonight</b> ")
    assert done.status_code == 303
    decided = load(page.journal, row)
    assert (decided.status, decided.approver, decided.reason) == ("rejected", "ben", "not <b>tonight</b>")
    assert "not &lt;b&gt;tonight&lt;/b&gt;" in ben.get(f"/approvals/{row}").text


def test_the_requester_sees_why_not_and_may_withdraw(page: Served) -> None:
    row, rita = waiting(page), page.logged_in("rita")
    shown = rita.get(f"/approvals/{row}")
    assert "rita asked for this change and cannot approve it" in shown.text
    assert set(forms(shown)) == {"/logout", f"/approvals/{row}/reject"}
    assert submit(rita, shown, f"/approvals/{row}/reject").status_code == 303
    assert load(page.journal, row).status == "rejected"


def other_form(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    """With the token of another form of the same page."""
    hidden = {
        **forms(shown)[f"/approvals/{row}/approve"],
        "token": forms(shown)[f"/approvals/{row}/reject"]["token"],
    }
    return client.post(f"/approvals/{row}/approve", data=hidden)


def flipped(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    token = forms(shown)[f"/approvals/{row}/approve"]["token"]
    return submit(client, shown, f"/approvals/{row}/approve", token=("0" if token[0] != "0" else "1") + token[1:])


def without_cookie(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    client.cookies.clear()
    return submit(client, shown, f"/approvals/{row}/approve")


def forged_cookie(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    client.cookies.clear()
    return client.post(
        f"/approvals/{row}/approve",
        data=forms(shown)[f"/approvals/{row}/approve"],
        headers={"Cookie": f"{page.site.origin.cookie}={'A' * 43}"},
    )


def after_logout(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    """The cookie that was kept is replayed."""
    kept = client.cookies[page.site.origin.cookie]
    assert submit(client, shown, "/logout").status_code == 303
    client.cookies.clear()
    headers = {"Cookie": f"{page.site.origin.cookie}={kept}"}
    return client.post(f"/approvals/{row}/approve", data=forms(shown)[f"/approvals/{row}/approve"], headers=headers)


def after_a_shift(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    page.clock.ahead += timedelta(hours=8, seconds=1)
    return submit(client, shown, f"/approvals/{row}/approve")


def too_late(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    page.clock.ahead += timedelta(minutes=60, seconds=1)
    return submit(client, shown, f"/approvals/{row}/approve")


def from_origin(origin: str | None, site: str = "same-origin") -> Send:
    def send(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
        del client.headers["origin"]
        client.headers.update({"Sec-Fetch-Site": site, **({"Origin": origin} if origin else {})})
        return submit(client, shown, f"/approvals/{row}/approve")

    return send


def changed_target(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    page.cluster.object = {**OBJECT, "spec": {"replicas": 9}}
    return submit(client, shown, f"/approvals/{row}/approve")


def other_digest(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    return submit(client, shown, f"/approvals/{row}/approve", digest="e" * 64)


def no_digest(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    return submit(client, shown, f"/approvals/{row}/approve", digest="")


def by_get(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    return client.get(f"/approvals/{row}/approve", params=forms(shown)[f"/approvals/{row}/approve"])


def without_rights(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    page.cluster.rights = {}
    return submit(client, shown, f"/approvals/{row}/approve")


def of_another_row(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    other = asked(
        page.journal, request(call_id="c2", digest="f" * 64), page.clock(), session="20260601-120000-ffffff"
    )
    return client.post(
        f"/approvals/{row}/approve", data=forms(client.get(f"/approvals/{other}"))[f"/approvals/{other}/approve"]
    )


def far_too_much(page: Served, client: httpx.Client, shown: httpx.Response, row: str) -> httpx.Response:
    return submit(client, shown, f"/approvals/{row}/approve", reason="x" * 100_000)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (other_form, 403),
        (flipped, 403),
        (of_another_row, 403),
        (without_cookie, 401),
        (forged_cookie, 401),
        (after_logout, 401),
        (after_a_shift, 401),
        (too_late, 409),
        (from_origin("https://evil.example.com", "cross-site"), 403),
        (from_origin("http://127.0.0.1:1", "same-site"), 403),
        (from_origin("null"), 403),
        (from_origin(None), 403),
        (changed_target, 409),
        (other_digest, 409),
        (no_digest, 409),
        (by_get, 405),
        (without_rights, 409),
        (far_too_much, 413),
    ],
)
def test_nothing_else_decides(page: Served, send: Send, status: int) -> None:
    row, ana = waiting(page), page.logged_in("ana")
    answer = send(page, ana, ana.get(f"/approvals/{row}"), row)
    assert answer.status_code == status, answer.text
    assert load(page.journal, row).status in ("pending", "expired", "superseded")


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("rita", "rita asked for this change and cannot approve it"),
        ("vic", "no rule by which vic decides change in staging"),
        ("mallory", "mallory is nobody in approvers.yaml: whoever is not in it may look, and not decide"),
    ],
)
def test_who_may_not_looks_and_is_told_why_whatever_they_send(page: Served, who: str, said: str) -> None:
    row, somebody = waiting(page), page.logged_in(who)
    shown = somebody.get(f"/approvals/{row}")
    assert said in shown.text and "-16Mi" in shown.text
    assert f"/approvals/{row}/approve" not in forms(shown)
    visit = page.site.visits.of(somebody.cookies[page.site.origin.cookie])
    assert visit is not None
    hidden = {"token": visit.token(f"/approvals/{row}/approve"), "digest": "d" * 64}
    refused = somebody.post(f"/approvals/{row}/approve", data=hidden)
    assert refused.status_code == 409 and said in refused.text
    assert load(page.journal, row).status == "pending"


def test_a_second_click_and_a_second_browser_are_told_who_was_first(page: Served) -> None:
    row, ana, ben = waiting(page), page.logged_in("ana"), page.logged_in("ben")
    seen_by_ana, seen_by_ben = (each.get(f"/approvals/{row}") for each in (ana, ben))
    assert submit(ana, seen_by_ana, f"/approvals/{row}/approve").status_code == 303
    for client, seen in ((ana, seen_by_ana), (ben, seen_by_ben)):
        again = submit(client, seen, f"/approvals/{row}/reject")
        assert again.status_code == 409 and "is approved by ana and cannot be decided again" in again.text
    assert load(page.journal, row).status == "approved"


def test_a_secret_takes_two_people_and_the_page_says_who_was_first(page: Served) -> None:
    file = page.site.workspace / "approvers.yaml"
    file.write_text(f"{file.read_text()}second_person: [secret]\n")
    row = asked(page.journal, request(risk="secret"), page.clock())
    ana, ben = page.logged_in("ana"), page.logged_in("ben")
    part = {"HX-Request": "true"}
    as_it_is = f"/approvals/{row}?status=pending&first="
    assert ben.get(as_it_is, headers=part).status_code == 204
    assert approve(ana, row).status_code == 303
    assert load(page.journal, row).status == "pending"
    assert "ana has approved it. A second person has to" in ben.get(as_it_is, headers=part).text
    assert ben.get(f"{as_it_is}ana", headers=part).status_code == 204
    again = approve(ana, row)
    assert again.status_code == 409 and "a second person has to" in again.text
    assert approve(ben, row).status_code == 303
    assert (load(page.journal, row).status, load(page.journal, row).approver) == ("approved", "ana, ben")


def test_of_fifty_at_once_exactly_one_wins(page: Served) -> None:
    row = waiting(page)
    both = [page.logged_in("ana"), page.logged_in("ben")]
    seen = [each.get(f"/approvals/{row}") for each in both]

    def click(number: int) -> int:
        way = "approve" if number % 4 < 2 else "reject"
        return submit(both[number % 2], seen[number % 2], f"/approvals/{row}/{way}").status_code

    with ThreadPoolExecutor(50) as pool:
        codes = [*pool.map(click, range(50))]
    assert sorted(codes) == [303] + [409] * 49
    assert len([*page.journal.entries(types=("approval_decided",))]) == 1


def test_each_target_is_shown_with_what_happens_to_it(page: Served) -> None:
    there = replace(CHANGE.target, name="cart<i>")
    row = asked(page.journal, request(changes=(CHANGE, replace(CHANGE, target=there))), page.clock())
    shown = page.logged_in("ana").get(f"/approvals/{row}").text
    assert "Deployment/checkout" in shown and "Deployment/cart&lt;i&gt;" in shown and "<i>" not in shown
