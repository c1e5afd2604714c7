"""A name that was meant, and one that only sounds like it."""

from __future__ import annotations

import pytest

from tools.diagnose.facts.nearest import nearest

SLIPS = (
    ("app-confg", "app-config"),
    ("checkout-setings", "checkout-settings"),
    ("settings", "checkout-settings"),
    ("checkout", "checkout-svc"),
    ("appconfig", "app-config"),
    ("app-config", "APP_CONFIG"),
    ("LOGLEVEL", "LOG_LEVEL"),
    ("app-config-v1", "app-config-v2"),
    ("app-config-8hbk4dt96t", "app-config-2gm7tfhd2c"),
    ("app-config", "app-config-2gm7tfhd2c"),
    ("db.hosts", "db.host"),
)
OTHERS = (
    ("cart-config", "web-config"),
    ("DB_HOST", "DB_PORT"),
    ("shop-prod", "shop-dev"),
    ("orders-db", "users-db"),
    ("team-a-registry", "team-b-registry"),
    ("redis-master", "redis-replica"),
    ("frontend", "backend"),
    ("checkout", "checkout"),
)


@pytest.mark.parametrize(("wanted", "there"), SLIPS)
def test_a_slip_is_found(wanted: str, there: str) -> None:
    assert nearest(wanted, ["zzz", there]) == there


@pytest.mark.parametrize(("wanted", "there"), OTHERS)
def test_another_of_its_family_is_not_meant(wanted: str, there: str) -> None:
    assert nearest(wanted, [there]) is None


def test_the_nearest_of_several_is_taken_whatever_their_order() -> None:
    names = ["app-configs-old", "app-config", "app-conf"]
    assert nearest("app-confg", names) == nearest("app-confg", names[::-1]) == "app-config"
    assert nearest("", names) is None
    assert nearest("-", names) is None
    assert nearest("app-confg", []) is None
