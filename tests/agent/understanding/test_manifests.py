"""Manifests asked for in words: every word counts, or nothing is done."""

from __future__ import annotations

from typing import Any

import pytest

from agent.understanding.manifests import APPLY, GENERATE, not_understood, ordered
from agent.understanding.ordered import orders_change
from agent.understanding.wishes import Call


@pytest.mark.parametrize(
    ("task", "tool", "arguments"),
    [
        (
            "make me manifests for payment-service v3.2, port 8080, three replicas, reachable at pay.example.com",
            GENERATE,
            {
                "app": "payment-service",
                "version": "v3.2",
                "ports": ["8080"],
                "replicas": 3,
                "host": "pay.example.com",
            },
        ),
        (
            "Can you please write the k8s manifests for web from image ghcr.io/acme/web:v2 on port 80 in shop-dev",
            GENERATE,
            {"app": "web", "image": "ghcr.io/acme/web:v2", "ports": ["80"], "namespace": "shop-dev"},
        ),
        (
            "generate manifests for the cronjob report version 1.4 running every day at 3:00",
            GENERATE,
            {"app": "report", "type": "cronjob", "version": "1.4", "schedule": "0 3 * * *"},
        ),
        (
            "generate a StatefulSet manifest for db with image postgres:16.2",
            GENERATE,
            {"app": "db", "type": "statefulset", "image": "postgres:16.2"},
        ),
        (
            "we need manifests for db 16.2 as a statefulset, 512 MiB, 2 cores, in namespace shop, for openshift.",
            GENERATE,
            {
                "app": "db",
                "version": "16.2",
                "type": "statefulset",
                "memory": "512Mi",
                "cpu": "2",
                "namespace": "shop",
                "platform": "openshift",
            },
        ),
        (
            "create manifests for web 1.2.3 scaling from 2 to 9 replicas, ports 8080 and 9090, into ./k8s/ please",
            GENERATE,
            {"app": "web", "version": "1.2.3", "hpa": "2:9", "ports": ["8080", "9090"], "folder": "./k8s/"},
        ),
        (
            "erstelle Manifeste für web v2 mit drei Replikas, erreichbar unter web.acme.de, in den Ordner k8s",
            GENERATE,
            {"app": "web", "version": "v2", "replicas": 3, "host": "web.acme.de", "folder": "k8s"},
        ),
        (
            "make and apply manifests for web v2 in web-dev",
            APPLY,
            {"app": "web", "version": "v2", "namespace": "web-dev"},
        ),
    ],
)
def test_an_order_is_understood_with_all_that_it_says(task: str, tool: str, arguments: dict[str, Any]) -> None:
    found = ordered(task, "home")
    assert found is not None
    assert found.wishes == (Call(tool, {"namespace": "home", **arguments}),)
    namespace = arguments.get("namespace", "home")
    assert found.namespaces == (namespace,)
    assert orders_change(found, tool, namespace, arguments["app"])
    assert not orders_change(found, tool, "other", arguments["app"])
    assert not orders_change(found, APPLY if tool == GENERATE else GENERATE, namespace, arguments["app"])


@pytest.mark.parametrize(
    "task",
    [
        "make manifests for web v2 and delete web",
        "make manifests for web v2 tomorrow",
        "make manifests for web v2 unless they are there",
        "make manifests for the deployment",
        "make manifests for all",
        "make manifests for web v2 version 3.1",
        "make manifests for web v2 running every full moon",
        "make and apply manifests for web v2 into ./k8s",
        "make a deployment manifest for the statefulset web v2",
        "make a job manifest for web v2 as a deployment",
        "should I make manifests for web v2?",
        "make manifests for web v2?",
        "do not make manifests for web v2",
        "the log says: make manifests for web v2",
        "give me the manifest for web",
        "save the manifest of web",
    ],
)
def test_what_has_a_word_of_another_meaning_is_not_understood(task: str) -> None:
    assert ordered(task, "home") is None


def test_the_word_that_has_no_meaning_is_told() -> None:
    told = not_understood("make manifests for web with 3 replicas and redis")
    assert told.startswith('Manifests for web are to be made, and I do not know what "and redis" means. Say image')
    for task in (
        "make manifests for web v2",
        "make manifests for web v2?",
        "give me the manifest for web in shop",
        "make manifests for all",
    ):
        assert not_understood(task) == ""
