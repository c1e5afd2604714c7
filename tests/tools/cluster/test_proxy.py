"""Which proxy is gone through: as Go decides it, and so kubectl."""

import pytest

from tools.cluster.proxy import proxy_of

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("url", "env", "proxy"),
    [
        ("https://one.example:6443", {}, None),
        ("https://one.example:6443", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://one.example:6443", {"https_proxy": PROXY}, PROXY),
        ("https://one.example:6443", {"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ("https://one.example:6443", {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}, None),
        ("http://one.example", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://one.example", {"HTTPS_PROXY": PROXY}, None),
        ("https://localhost:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://127.8.8.8:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://[::1]:6443", {"HTTPS_PROXY": PROXY}, None),
        ("", {"HTTPS_PROXY": PROXY}, None),
    ],
)
def test_the_environment_names_it(url: str, env: dict[str, str], proxy: str | None) -> None:
    assert proxy_of(url, env) == proxy


@pytest.mark.parametrize(
    ("url", "listed", "exempt"),
    [
        ("https://one.example", "one.example", True),
        ("https://api.one.example", "one.example", True),
        ("https://someone.example", "one.example", False),
        ("https://one.example", ".one.example", False),
        ("https://api.one.example", ".one.example", True),
        ("https://api.one.example", "*.one.example", True),
        ("https://ONE.example", "other, One.Example", True),
        ("https://one.example", "one.example:443", True),
        ("https://one.example:6443", "one.example:443", False),
        ("https://one.example", "*", True),
        ("https://one.example", "", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", True),
        ("https://10.1.2.3:6443", "10.1.2.3", True),
        ("https://10.1.2.3:6443", "10.1.2.3:6443", True),
        ("https://10.1.2.3:6443", "11.0.0.0/8", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", True),
        ("https://[fd00::1]:6443", "fd01::1", False),
    ],
)
def test_no_proxy_says_who_is_asked_directly(url: str, listed: str, exempt: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        assert (proxy_of(url, {"HTTPS_PROXY": PROXY, name: listed}) is None) == exempt
