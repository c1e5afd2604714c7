"""What an application may have, and what is refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.manifests.samples import IMAGE, PINNED
from tools.manifests.specification import (
    Compute,
    Peer,
    Port,
    SpecificationError,
    Variable,
    Volume,
    specified,
)

CRON = {"type": "cronjob", "schedule": "0 3 * * *"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"app": "Pay"}, "app 'Pay' cannot be a name"),
    ({"app": "1pay"}, "a letter first"),
    ({"app": "p" * 53}, "at most 52"),
    ({"app": "default"}, "the cluster has objects of its own of this name"),
    ({"image": "registry/pay"}, "has no tag, which means latest"),
    ({"image": "registry/pay:latest"}, "has the tag latest"),
    ({"image": "registry/pay:Latest"}, "has the tag Latest"),
    ({"image": "registry/pay :v1"}, "without spaces"),
    ({"image": "registry/Pay:v1"}, "in small letters"),
    ({"image": "registry/pay@sha256:12"}, "is no image"),
    ({"image": "https://registry/pay:v1"}, "is no image"),
    ({"image": "a" * 600}, "is no image"),
    ({"image": f"{'a-' * 250}!"}, "is no image"),
    ({"image": "acme/pay:v1", "version": "v2"}, "the tag is another version"),
    ({"image": ""}, "image is missing"),
    ({"type": "pod"}, "type 'pod' does not exist: take deployment, statefulset"),
    ({"namespace": "Shop"}, "namespace 'Shop' cannot be one"),
    ({"ports": 0}, "port '0': give a whole number from 1 to 65535"),
    ({"ports": "70000"}, "port '70000'"),
    ({"ports": "abc"}, "port 'abc'"),
    ({"ports": ["http:80", "http:81"]}, "two ports have this name"),
    ({"ports": ["a:80", "b:80"]}, "port 80: it is given twice"),
    ({"ports": ["a-name-that-is-long:80"]}, "at most 15"),
    ({"ports": [str(port) for port in range(1, 12)]}, "more than 10"),
    ({"replicas": -1}, "replicas '-1': give a whole number from 1"),
    ({"replicas": 0}, "replicas '0'"),
    ({"replicas": "two"}, "replicas 'two'"),
    ({"replicas": 3, "hpa": "2:4"}, "the autoscaler sets the replicas"),
    ({"type": "daemonset", "replicas": 3}, "a daemonset has no replicas"),
    ({"hpa": "3"}, "give MIN:MAX"),
    ({"hpa": "5:2"}, "the least must be below the most"),
    ({"host": "https://pay.example.com"}, "without scheme, port and path"),
    ({"host": "pay.example.com/x"}, "without scheme, port and path"),
    ({"host": "pay.example.com:443"}, "without scheme, port and path"),
    ({"host": "PAY.example.com"}, "is no host's name"),
    ({"host": "10.0.0.1"}, "is no host's name"),
    ({"host": "pay"}, "is no host's name"),
    ({"host": "pay.example.com", "ports": "none"}, "without a port nothing answers"),
    ({"exposure": "ingress"}, "say under which host"),
    ({"host": "a.example.com", "exposure": "mesh"}, "exposure 'mesh' does not exist"),
    ({"host": "a.example.com", "exposure": "route", "ingress_class": "nginx"}, "a route has none"),
    ({"host": "a.example.com", "gateway": "a/b/c"}, "give NAME or NAMESPACE/NAME"),
    ({"host": "a.example.com", "gateway": "a", "ingress_class": "nginx"}, "give one of the two"),
    ({"host": "*.example.com", "exposure": "route"}, "takes no wildcard"),
    ({"type": "job", "host": "a.example.com"}, "a job answers no requests"),
    ({"type": "job", "ports": "8080"}, "a job answers no requests"),
    ({"env": ["A"]}, "give NAME=VALUE"),
    ({"env": ["1A=b"]}, "env '1A' cannot be a variable"),
    ({"env": ["A=1", "A=2"]}, "env A: it is given twice"),
    ({"env": ["POD_NAME=x"]}, "take another name"),
    ({"env": ["A=\udcff"]}, "this is no text"),
    ({"env_from_secret": ["PASSWORD=db"]}, "give SECRET, or NAME=SECRET/KEY"),
    ({"env_from_secret": ["Db"]}, "cannot be a name"),
    ({"config": {"a/b": "x"}}, "config file 'a/b'"),
    ({"config": {"a": "x\x00"}}, "this is no text"),
    ({"config": {"a": "x" * 1_000_001}}, "the 1 MB that a ConfigMap holds"),
    ({"volumes": ["data:/data"]}, "give NAME:PATH:SIZE"),
    ({"volumes": ["data:data:1Gi"]}, "no plain absolute path"),
    ({"volumes": ["data:/data/../etc:1Gi"]}, "no plain absolute path"),
    ({"volumes": ["data://data:1Gi"]}, "no plain absolute path"),
    ({"volumes": ["data:/data:1GB"]}, "write Mi, Gi, without B"),
    ({"volumes": ["data:/tmp:1Gi"]}, "two volumes would be mounted there"),
    ({"volumes": ["tmp:/data:1Gi"]}, "there is one of this name already"),
    ({"volumes": ["a:/a:1Gi", "a:/b:1Gi"]}, "two volumes have this name"),
    ({"egress": ["api.example.com:443"]}, "A NetworkPolicy knows no host names"),
    ({"egress": ["postgres"]}, "give APP:PORT or CIDR:PORT"),
    ({"schedule": "0 3 * * *"}, "give schedule for a cronjob alone"),
    ({"type": "cronjob"}, "schedule is missing"),
    ({**CRON, "schedule": "0 3 * *"}, "no time that comes"),
    ({**CRON, "schedule": "0 0 30 2 *"}, "no time that comes"),
    ({"command": "sh -c 'x"}, "a quote is not closed"),
    ({"cpu": "500m:100m"}, "cpu 500m:100m: the limit 100m is below the request 500m"),
    ({"cpu": "much"}, "cpu 'much' is no quantity"),
    ({"memory": "1GB"}, "write Mi, Gi, without B"),
    ({"memory": "1Ki"}, "out of bounds"),
    ({"memory": "100m"}, "out of bounds"),
    ({"platform": "nomad"}, "platform 'nomad' does not exist"),
    ({"service_monitor": True, "ports": "none"}, "nothing to ask for metrics"),
]


@pytest.mark.parametrize(("given", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input_is_refused_with_what_would_do(given: dict[str, Any], said: str) -> None:
    asked = {"app": "pay", "image": IMAGE, **given}
    with pytest.raises(SpecificationError) as refused:
        specified(asked.pop("app"), asked.pop("image"), **asked)
    assert said in str(refused.value)
    assert str(refused.value).isprintable()


def test_what_is_not_given_is_the_platforms() -> None:
    wanted = specified("pay", IMAGE, replicas=None, host="", env=[])
    assert (wanted.type, wanted.namespace, wanted.ports, wanted.replicas) == (
        "deployment", "default", (Port("http", 8080),), 2,
    )  # fmt: skip
    assert (wanted.cpu, wanted.memory) == (Compute("100m", "500m"), Compute("128Mi", "512Mi"))
    assert specified("pay", IMAGE, type="job").ports == ()
    assert specified("pay", IMAGE, type="job", ports="none").ports == ()
    assert specified("pay", IMAGE, type="statefulset").volumes == (Volume("data", "/data", "1Gi"),)


def test_what_people_write_is_read() -> None:
    wanted = specified(
        "pay", IMAGE, ports=["web:80", 9090], env=["A=b=c"], env_from_secret=["login", "B=db/key.txt"],
        egress=["db:5432", "fd00::/8:443", "10.1.2.3:80"], cpu="2", memory="64Mi:1Gi", command="sh -c 'a b'",
    )  # fmt: skip
    assert wanted.ports == (Port("web", 80), Port("port-2", 9090))
    assert wanted.env == (Variable("A", "b=c"), Variable("B", secret="db", key="key.txt"))
    assert wanted.env_from == ("login",)
    assert wanted.egress == (Peer("db", "", 5432), Peer("", "fd00::/8", 443), Peer("", "10.1.2.3/32", 80))
    assert (wanted.cpu, wanted.memory) == (Compute("2", "2"), Compute("64Mi", "1Gi"))
    assert wanted.command == ("sh", "-c", "a b")


@pytest.mark.parametrize(
    ("image", "version", "pinned"),
    [
        ("nginx:1.27", "1.27", False),
        ("localhost:5000/a/b__c:v1_", "v1", False),
        (PINNED, "v3.2", True),
        (PINNED.replace(":v3.2", ""), "", True),
        (f"a:{'x' * 128}", "x" * 63, False),
    ],
)
def test_the_version_is_the_images_tag(image: str, version: str, *, pinned: bool) -> None:
    wanted = specified("pay", image)
    assert (wanted.image, wanted.version, wanted.is_pinned) == (image, version, pinned)
