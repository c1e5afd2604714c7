"""The mutations: each changes one thing in the objects of the healthy namespace, as somebody might by mistake.

A mutator changes the objects in place and says what it did; what it touched is what differs afterwards.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from tools.json import Json

Objects = dict[str, Json]
"""By `Kind/name`."""
Mutator = Callable[[Objects, Random], "Said"]

SERVING = ("web", "api", "cache", "gateway")
DEPLOYMENTS = (*SERVING, "worker")
ON_BUSYBOX = ("api", "cache", "worker")
WORKLOADS = ("Deployment", "StatefulSet")
EGRESS_API, EGRESS_CACHE = 1, 2


@dataclass(frozen=True)
class Said:
    """What was done, and which workloads have to be rolled out again before it shows."""

    what: str
    restart: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    """What is to be named where the mutated object is gone, and nothing is left that knew its name."""


@dataclass(frozen=True)
class Mutation:
    """One mutation of the objects: `touched` are those that differ, `after` is how all of them are then."""

    name: str
    what: str
    touched: tuple[str, ...]
    restart: tuple[str, ...]
    stand_ins: tuple[str, ...]
    after: Objects = field(repr=False)
    harmless: bool


HARMFUL: dict[str, Mutator] = {}
HARMLESS: dict[str, Mutator] = {}


def mutate(name: str, objects: Objects, random: Random) -> Mutation:
    """Apply the mutator of this name to a copy of the objects."""
    after = deepcopy(objects)
    said = (HARMFUL.get(name) or HARMLESS[name])(after, random)
    touched = tuple(key for key in objects if objects[key] != after.get(key))
    return Mutation(name, said.what, touched, said.restart, said.stand_ins, after, name in HARMLESS)


def _harmful(mutator: Mutator) -> Mutator:
    HARMFUL[mutator.__name__] = mutator
    return mutator


def _harmless(mutator: Mutator) -> Mutator:
    HARMLESS[mutator.__name__] = mutator
    return mutator


def typo(word: str, random: Random) -> str:
    """The word with two letters exchanged, one left out, or one twice: never the same."""
    at = random.randrange(1, max(2, len(word) - 1))
    first, second = word[at], word[at + 1 : at + 2]
    ways = [word[: at + 1] + word[at:]]
    if len(word) > 2:
        ways.append(word[:at] + word[at + 1 :])
    if second and first != second and {first, second}.isdisjoint("-."):
        ways.append(word[:at] + second + first + word[at + 2 :])
    return random.choice([each for each in ways if each[-1].isalnum()])


def pod_of(item: Json) -> Json:
    """The pod's spec in a workload."""
    spec = item["spec"].get("jobTemplate", item)["spec"]
    found: Json = spec["template"]["spec"]
    return found


def _container(objects: Objects, key: str) -> Json:
    container: Json = pod_of(objects[key])["containers"][0]
    return container


def _deployment(random: Random, names: tuple[str, ...] = DEPLOYMENTS) -> str:
    return f"Deployment/{random.choice(names)}"


def _users(objects: Objects, name: str) -> tuple[str, ...]:
    """The workloads whose pods name an object."""
    return tuple(
        key
        for key, item in objects.items()
        if item["kind"] in WORKLOADS and f'"{name}"' in json.dumps(pod_of(item))
    )


def _callers(key: str) -> tuple[str, ...]:
    """Who asks it once, at its start."""
    return ("Deployment/api",) if key.endswith("/db") else ()


def _rename_key(item: Json, old: str, new: str) -> None:
    item["data"] = {new if key == old else key: value for key, value in item["data"].items()}


def _set_data(item: Json, key: str, value: str) -> None:
    item["data"][key] = base64.b64encode(value.encode()).decode() if item["kind"] == "Secret" else value


# Services


@_harmful
def service_selector(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice((*SERVING, 'db'))}"
    selector = objects[key]["spec"]["selector"]
    label = random.choice(sorted(selector))
    selector[label] = typo(selector[label], random)
    return Said(f"{key} selects {label}={selector[label]}", _callers(key))


@_harmful
def service_selector_key(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(SERVING)}"
    selector = objects[key]["spec"]["selector"]
    selector["application"] = selector.pop("app")
    return Said(f"{key} selects by the label application")


@_harmful
def pod_label(objects: Objects, random: Random) -> Said:
    key = _deployment(random, SERVING)
    labels = objects[key]["spec"]["template"]["metadata"]["labels"]
    labels["tier"] = typo(labels["tier"], random)
    return Said(f"the pods of {key} have tier={labels['tier']}")


@_harmful
def service_target_port(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(SERVING)}"
    port = objects[key]["spec"]["ports"][0]
    port["targetPort"] = random.choice((8081, 3000, 9090))
    return Said(f"{key} sends to {port['targetPort']}")


@_harmful
def service_target_name(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(('web', 'api'))}"
    port = objects[key]["spec"]["ports"][0]
    port["targetPort"] = random.choice(("htpp", "https", "web"))
    return Said(f"{key} sends to {port['targetPort']}")


@_harmful
def service_port(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(('api', 'cache'))}"
    port = objects[key]["spec"]["ports"][0]
    port["port"] += random.choice((1, 10))
    return Said(f"{key} has port {port['port']}")


@_harmful
def service_deleted(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(('api', 'cache', 'web', 'db'))}"
    del objects[key]
    return Said(f"{key} is deleted", _callers(key))


@_harmful
def service_load_balancer(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(('web', 'gateway'))}"
    objects[key]["spec"]["type"] = "LoadBalancer"
    return Said(f"{key} is a load balancer")


@_harmful
def container_port_name(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("web", "api"))
    _container(objects, key)["ports"][0]["name"] = name = random.choice(("web", "htpp", "main"))
    return Said(f"the port of {key} is called {name}")


# Ingresses


def _backend(objects: Objects, random: Random) -> Json:
    found: Json = random.choice(objects["Ingress/shop"]["spec"]["rules"][0]["http"]["paths"])["backend"]["service"]
    return found


@_harmful
def ingress_service(objects: Objects, random: Random) -> Said:
    backend = _backend(objects, random)
    backend["name"] = typo(backend["name"], random)
    return Said(f"the Ingress leads to Service {backend['name']}")


@_harmful
def ingress_port(objects: Objects, random: Random) -> Said:
    backend = _backend(objects, random)
    backend["port"] = random.choice(({"number": 8080}, {"name": "htpp"}))
    return Said(f"the Ingress leads to {backend['name']} at {backend['port']}")


@_harmful
def ingress_class(objects: Objects, random: Random) -> Said:
    spec = objects["Ingress/shop"]["spec"]
    spec["ingressClassName"] = typo(spec["ingressClassName"], random)
    return Said(f"the Ingress is of class {spec['ingressClassName']}")


@_harmful
def ingress_tls(objects: Objects, random: Random) -> Said:
    tls = objects["Ingress/shop"]["spec"]["tls"][0]
    tls["secretName"] = typo(tls["secretName"], random)
    return Said(f"the Ingress names Secret {tls['secretName']}")


@_harmful
def tls_secret_deleted(objects: Objects, random: Random) -> Said:
    del objects["Secret/shop-tls"]
    return Said("Secret/shop-tls is deleted")


# ConfigMaps and Secrets


@_harmful
def key_renamed(objects: Objects, random: Random) -> Said:
    source, key = random.choice(
        (
            ("ConfigMap/api-settings", "db-host"),
            ("ConfigMap/api-settings", "log-level"),
            ("ConfigMap/worker-config", "worker.conf"),
            ("Secret/db-login", "password"),
        )
    )
    new = typo(key, random)
    _rename_key(objects[source], key, new)
    return Said(f"{source} has {new} for {key}", _users(objects, source.partition("/")[2]))


@_harmful
def source_deleted(objects: Objects, random: Random) -> Said:
    source = random.choice(
        ("ConfigMap/web-settings", "ConfigMap/api-settings", "ConfigMap/worker-config", "Secret/db-login")
    )
    restart = _users(objects, source.partition("/")[2])
    del objects[source]
    return Said(f"{source} is deleted", restart)


@_harmful
def value_of_a_host(objects: Objects, random: Random) -> Said:
    host = random.choice(("databse", "dbb", "postgres.shop.internal"))
    _set_data(objects["ConfigMap/api-settings"], "db-host", host)
    return Said(f"ConfigMap/api-settings has db-host {host}", ("Deployment/api",))


@_harmful
def value_of_a_port(objects: Objects, random: Random) -> Said:
    port = random.choice(("5433", "3306", "54321"))
    _set_data(objects["ConfigMap/api-settings"], "db-port", port)
    return Said(f"ConfigMap/api-settings has db-port {port}", ("Deployment/api",))


@_harmful
def value_emptied(objects: Objects, random: Random) -> Said:
    source, key = random.choice((("ConfigMap/api-settings", "db-host"), ("ConfigMap/api-settings", "log-level")))
    _set_data(objects[source], key, "")
    return Said(f"{source} has an empty {key}", ("Deployment/api",))


@_harmful
def pull_secret_password(objects: Objects, random: Random) -> Said:
    auth = base64.b64encode(b"desk:wrong").decode()
    value = json.dumps({"auths": {"127.0.0.1:15001": {"auth": auth}}})
    _set_data(objects["Secret/registry-login"], ".dockerconfigjson", value)
    return Said("Secret/registry-login has another password", ("Deployment/gateway",))


@_harmful
def pull_secret_host(objects: Objects, random: Random) -> Said:
    auth = base64.b64encode(b"desk:desk-test").decode()
    value = json.dumps({"auths": {"127.0.0.1:15010": {"auth": auth}}})
    _set_data(objects["Secret/registry-login"], ".dockerconfigjson", value)
    return Said("Secret/registry-login is for another registry", ("Deployment/gateway",))


@_harmful
def pull_secret_deleted(objects: Objects, random: Random) -> Said:
    del objects["Secret/registry-login"]
    return Said("Secret/registry-login is deleted", ("Deployment/gateway",))


@_harmful
def pull_secret_named(objects: Objects, random: Random) -> Said:
    secrets = pod_of(objects["Deployment/gateway"])["imagePullSecrets"]
    secrets[0]["name"] = typo(secrets[0]["name"], random)
    return Said(f"Deployment/gateway pulls with {secrets[0]['name']}")


@_harmful
def pull_secret_left_out(objects: Objects, random: Random) -> Said:
    del pod_of(objects["Deployment/gateway"])["imagePullSecrets"]
    return Said("Deployment/gateway pulls with no Secret")


@_harmful
def env_reference(objects: Objects, random: Random) -> Said:
    source = random.choice(_container(objects, "Deployment/api")["env"])["valueFrom"]
    reference = source.get("configMapKeyRef") or source["secretKeyRef"]
    which = random.choice(("name", "key"))
    reference[which] = typo(reference[which], random)
    return Said(f"Deployment/api reads {reference}")


@_harmful
def env_from(objects: Objects, random: Random) -> Said:
    reference = _container(objects, "Deployment/web")["envFrom"][0]["configMapRef"]
    reference["name"] = typo(reference["name"], random)
    return Said(f"Deployment/web reads ConfigMap {reference['name']}")


@_harmful
def env_left_out(objects: Objects, random: Random) -> Said:
    env = _container(objects, "Deployment/api")["env"]
    gone = env.pop(random.randrange(len(env)))
    return Said(f"Deployment/api has no {gone['name']}")


@_harmful
def env_renamed(objects: Objects, random: Random) -> Said:
    variable = random.choice(_container(objects, "Deployment/api")["env"])
    old, variable["name"] = variable["name"], typo(variable["name"], random)
    return Said(f"Deployment/api has {variable['name']} for {old}")


@_harmful
def env_host(objects: Objects, random: Random) -> Said:
    variable = random.choice(_container(objects, "Deployment/worker")["env"])
    host = random.choice(("nothing", "apii", "cahce", "api.other-namespace"))
    variable["value"] = f"http://{host}:8080" if variable["name"] == "API_URL" else host
    return Said(f"Deployment/worker has {variable['name']}={variable['value']}")


@_harmful
def env_port(objects: Objects, random: Random) -> Said:
    variable = _container(objects, "Deployment/worker")["env"][0]
    variable["value"] = f"http://api:{random.choice((80, 8000, 8443))}"
    return Said(f"Deployment/worker has API_URL={variable['value']}")


@_harmful
def volume_source(objects: Objects, random: Random) -> Said:
    volume = pod_of(objects["Deployment/worker"])["volumes"][0]["configMap"]
    volume["name"] = typo(volume["name"], random)
    return Said(f"Deployment/worker mounts ConfigMap {volume['name']}")


@_harmful
def volume_item(objects: Objects, random: Random) -> Said:
    volume = pod_of(objects["Deployment/worker"])["volumes"][0]["configMap"]
    volume["items"] = [{"key": "worker.cfg", "path": "worker.conf"}]
    return Said("Deployment/worker mounts the key worker.cfg")


@_harmful
def volume_path(objects: Objects, random: Random) -> Said:
    mount = _container(objects, "Deployment/worker")["volumeMounts"][0]
    mount["mountPath"] = random.choice(("/etc/wroker", "/config", "/bin"))
    return Said(f"Deployment/worker mounts its ConfigMap at {mount['mountPath']}")


# Images


@_harmful
def image_tag(objects: Objects, random: Random) -> Said:
    key = random.choice((*(f"Deployment/{each}" for each in DEPLOYMENTS), "StatefulSet/db"))
    container = _container(objects, key)
    container["image"] = container["image"].rpartition(":")[0] + random.choice((":1.99", ":lastest", ":v1"))
    return Said(f"{key} has image {container['image']}")


@_harmful
def image_name(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ON_BUSYBOX)
    _container(objects, key)["image"] = image = random.choice(("busybxo:1", "team/shop:1", "BusyBox:1"))
    return Said(f"{key} has image {image}")


@_harmful
def image_host(objects: Objects, random: Random) -> Said:
    key = _deployment(random)
    _container(objects, key)["image"] = image = "registry.absent.example/team/shop:1"
    return Said(f"{key} has image {image}")


@_harmful
def image_never(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ON_BUSYBOX)
    _container(objects, key).update(image="busybox:not-here", imagePullPolicy="Never")
    return Said(f"{key} never pulls busybox:not-here")


# Probes


@_harmful
def probe_path(objects: Objects, random: Random) -> Said:
    key, which = random.choice((("web", "livenessProbe"), ("web", "readinessProbe"), ("api", "readinessProbe")))
    probe = _container(objects, f"Deployment/{key}")[which]["httpGet"]
    probe["path"] = random.choice(("/health", "/ready", "/healthzz"))
    return Said(f"the {which} of Deployment/{key} asks {probe['path']}")


@_harmful
def probe_port(objects: Objects, random: Random) -> Said:
    key, which = random.choice((("web", "livenessProbe"), ("web", "readinessProbe"), ("api", "readinessProbe")))
    probe = _container(objects, f"Deployment/{key}")[which]["httpGet"]
    probe["port"] = random.choice((8081, 80, "admin"))
    return Said(f"the {which} of Deployment/{key} asks port {probe['port']}")


@_harmful
def probe_scheme(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("web", "api"))
    _container(objects, key)["readinessProbe"]["httpGet"]["scheme"] = "HTTPS"
    return Said(f"the readinessProbe of {key} asks by HTTPS")


@_harmful
def probe_command(objects: Objects, random: Random) -> Said:
    key = random.choice(("Deployment/cache", "StatefulSet/db"))
    command = random.choice((["curl", "-f", "localhost"], ["cat", "/tmp/ready"], ["false"]))
    _container(objects, key)["readinessProbe"] = {"exec": {"command": command}, "periodSeconds": 2}
    return Said(f"the readinessProbe of {key} runs {' '.join(command)}")


@_harmful
def startup_probe(objects: Objects, random: Random) -> Said:
    key = _deployment(random, SERVING)
    probe = {"tcpSocket": {"port": 9999}, "periodSeconds": 1, "failureThreshold": 3}
    _container(objects, key)["startupProbe"] = probe
    return Said(f"the startupProbe of {key} asks port 9999")


# Commands


@_harmful
def command_program(objects: Objects, random: Random) -> Said:
    key = random.choice((*(f"Deployment/{each}" for each in ON_BUSYBOX), "StatefulSet/db"))
    _container(objects, key)["command"][0] = program = random.choice(("bash", "/usr/bin/serve", "shh"))
    return Said(f"{key} runs {program}")


@_harmful
def command_fails(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ON_BUSYBOX)
    end = random.choice(("echo 'fatal: schema version 3 expected, found 2'; exit 2", "exit 1", "echo bye"))
    _container(objects, key)["command"] = ["sh", "-c", end]
    return Said(f"{key} runs {end}")


@_harmful
def command_port(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("api", "cache"))
    command = _container(objects, key)["command"]
    command[-1] = command[-1].replace("-p 8080", "-p 8090").replace("-p 6379", "-p 6380")
    return Said(f"{key} listens on another port")


@_harmful
def post_start_hook(objects: Objects, random: Random) -> Said:
    key = _deployment(random, SERVING)
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "exit 3"]}}}
    _container(objects, key)["lifecycle"] = hook
    return Said(f"the postStart hook of {key} fails")


@_harmful
def init_container(objects: Objects, random: Random) -> Said:
    key = _deployment(random)
    command = ["sh", "-c", "echo 'migration 12 failed: table orders is locked'; exit 1"]
    pod_of(objects[key])["initContainers"] = [{"name": "prepare", "image": "busybox:1", "command": command}]
    return Said(f"the init container of {key} fails")


# Resources


@_harmful
def memory_limit(objects: Objects, random: Random) -> Said:
    resources = _container(objects, "Deployment/worker")["resources"]
    resources["requests"]["memory"] = resources["limits"]["memory"] = "20Mi"
    return Said("Deployment/worker has a memory limit of 20Mi")


@_harmful
def limit_beyond_range(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("web", "api", "worker"))
    _container(objects, key)["resources"]["limits"]["memory"] = "512Mi"
    return Said(f"{key} has a memory limit of 512Mi")


@_harmful
def request_beyond_limit_of_range(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("cache", "gateway"))
    _container(objects, key)["resources"] = {"requests": {"memory": "128Mi"}, "limits": {"memory": "1Gi"}}
    return Said(f"{key} has a memory limit of 1Gi")


@_harmful
def range_lowered(objects: Objects, random: Random) -> Said:
    limit = objects["LimitRange/bounds"]["spec"]["limits"][0]
    limit["max"]["memory"], limit["default"]["memory"] = "48Mi", "48Mi"
    return Said("LimitRange/bounds allows 48Mi", (_deployment(random, ("web", "api", "worker")),))


@_harmful
def range_minimum(objects: Objects, random: Random) -> Said:
    objects["LimitRange/bounds"]["spec"]["limits"][0]["min"] = {"memory": "24Mi"}
    objects["LimitRange/bounds"]["spec"]["limits"][0]["defaultRequest"]["memory"] = "24Mi"
    return Said("LimitRange/bounds wants 24Mi", (_deployment(random, ("web", "api")),))


@_harmful
def quota_lowered(objects: Objects, random: Random) -> Said:
    hard = objects["ResourceQuota/team"]["spec"]["hard"]
    which, value = random.choice((("pods", "7"), ("limits.memory", "256Mi"), ("requests.memory", "64Mi")))
    hard[which] = value
    return Said(f"ResourceQuota/team allows {which} {value}", (_deployment(random, ("web", "gateway")),))


@_harmful
def replicas_beyond_quota(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("gateway", "worker"))
    objects[key]["spec"]["replicas"] = 24
    return Said(f"{key} has 24 replicas")


@_harmful
def replicas_zero(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("api", "cache"))
    objects[key]["spec"]["replicas"] = 0
    return Said(f"{key} has no replicas")


# Access


@_harmful
def account_named(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("web", "api", "worker"))
    pod = pod_of(objects[key])
    pod["serviceAccountName"] = typo(pod["serviceAccountName"], random)
    return Said(f"{key} runs as {pod['serviceAccountName']}")


@_harmful
def account_deleted(objects: Objects, random: Random) -> Said:
    name = random.choice(("web", "api"))
    del objects[f"ServiceAccount/{name}"]
    return Said(f"ServiceAccount/{name} is deleted", (f"Deployment/{name}",))


@_harmful
def role_verbs(objects: Objects, random: Random) -> Said:
    rule = objects["Role/config-reader"]["rules"][0]
    rule["verbs"] = ["get"]
    return Said("Role/config-reader allows only get")


@_harmful
def role_resources(objects: Objects, random: Random) -> Said:
    rule = objects["Role/config-reader"]["rules"][0]
    rule["resources"] = [random.choice(("secrets", "configmap", "pods"))]
    return Said(f"Role/config-reader allows {rule['resources'][0]}")


@_harmful
def role_deleted(objects: Objects, random: Random) -> Said:
    del objects["Role/config-reader"]
    return Said("Role/config-reader is deleted")


@_harmful
def binding_subject(objects: Objects, random: Random) -> Said:
    subject = objects["RoleBinding/config-reader"]["subjects"][0]
    which = random.choice(("name", "namespace"))
    subject[which] = typo(subject[which], random)
    return Said(f"RoleBinding/config-reader binds {subject['namespace']}/{subject['name']}")


@_harmful
def binding_role(objects: Objects, random: Random) -> Said:
    role = objects["RoleBinding/config-reader"]["roleRef"]
    role["name"] = typo(role["name"], random)
    return Said(f"RoleBinding/config-reader binds Role {role['name']}")


@_harmful
def binding_deleted(objects: Objects, random: Random) -> Said:
    del objects["RoleBinding/config-reader"]
    return Said("RoleBinding/config-reader is deleted", stand_ins=("Role/config-reader",))


# Policies


@_harmful
def policy_from(objects: Objects, random: Random) -> Said:
    name, peer = random.choice((("api-in", "worker"), ("db-in", "api"), ("cache-in", "worker")))
    labels = objects[f"NetworkPolicy/{name}"]["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
    labels["app"] = typo(peer, random)
    return Said(f"NetworkPolicy/{name} lets in app={labels['app']}", _callers(name.replace("db-in", "x/db")))


@_harmful
def policy_port(objects: Objects, random: Random) -> Said:
    name = random.choice(("api-in", "db-in", "cache-in"))
    port = objects[f"NetworkPolicy/{name}"]["spec"]["ingress"][0]["ports"][0]
    port["port"] += 1
    return Said(f"NetworkPolicy/{name} lets in {port['port']}", _callers(name.replace("db-in", "x/db")))


@_harmful
def policy_rules(objects: Objects, random: Random) -> Said:
    name = random.choice(("api-in", "db-in", "cache-in"))
    objects[f"NetworkPolicy/{name}"]["spec"]["ingress"] = []
    return Said(f"NetworkPolicy/{name} lets nobody in", _callers(name.replace("db-in", "x/db")))


@_harmful
def policy_pods(objects: Objects, random: Random) -> Said:
    name = random.choice(("api-in", "cache-in"))
    labels = objects[f"NetworkPolicy/{name}"]["spec"]["podSelector"]["matchLabels"]
    labels["app"] = typo(labels["app"], random)
    return Said(f"NetworkPolicy/{name} is for app={labels['app']}")


@_harmful
def policy_dns(objects: Objects, random: Random) -> Said:
    del objects["NetworkPolicy/worker-out"]["spec"]["egress"][0]
    return Said("NetworkPolicy/worker-out lets out no DNS")


@_harmful
def policy_out(objects: Objects, random: Random) -> Said:
    rules = objects["NetworkPolicy/worker-out"]["spec"]["egress"]
    rule = rules[random.choice((EGRESS_API, EGRESS_CACHE))]
    way = random.choice(("port", "label", "rule"))
    if way == "port":
        rule["ports"][0]["port"] += 1
    elif way == "label":
        labels = rule["to"][0]["podSelector"]["matchLabels"]
        labels["app"] = typo(labels["app"], random)
    else:
        rules.remove(rule)
    return Said(f"NetworkPolicy/worker-out has another {way}: {json.dumps(rule)}")


# Storage, scheduling, security


@_harmful
def claim_named(objects: Objects, random: Random) -> Said:
    claim = pod_of(objects["Deployment/cache"])["volumes"][0]["persistentVolumeClaim"]
    claim["claimName"] = typo(claim["claimName"], random)
    return Said(f"Deployment/cache names claim {claim['claimName']}")


@_harmful
def node_selector(objects: Objects, random: Random) -> Said:
    key = _deployment(random)
    label = random.choice(({"disktype": "ssd"}, {"kubernetes.io/os": "lunix"}))
    pod_of(objects[key])["nodeSelector"] = label
    return Said(f"{key} asks for nodes with {label}")


@_harmful
def anti_affinity(objects: Objects, random: Random) -> Said:
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    pod_of(objects["Deployment/web"])["affinity"] = {
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    }
    return Said("Deployment/web wants a node a pod")


@_harmful
def scheduler_named(objects: Objects, random: Random) -> Said:
    key = _deployment(random)
    pod_of(objects[key])["schedulerName"] = "defualt-scheduler"
    return Said(f"{key} names scheduler defualt-scheduler")


@_harmful
def class_named(objects: Objects, random: Random) -> Said:
    key = _deployment(random)
    which = random.choice(("priorityClassName", "runtimeClassName"))
    pod_of(objects[key])[which] = "high"
    return Said(f"{key} names {which} high")


@_harmful
def user(objects: Objects, random: Random) -> Said:
    key, context = random.choice(
        (
            (_deployment(random, ON_BUSYBOX), {"runAsNonRoot": True}),
            ("Deployment/api", {"readOnlyRootFilesystem": True}),
        )
    )
    _container(objects, key)["securityContext"] = context
    return Said(f"{key} has {context}")


@_harmful
def dns_policy(objects: Objects, random: Random) -> Said:
    pod_of(objects["Deployment/worker"])["dnsPolicy"] = "Default"
    return Said("Deployment/worker asks the DNS of its node")


# What is around the workloads


@_harmful
def autoscaler_target(objects: Objects, random: Random) -> Said:
    target = objects["HorizontalPodAutoscaler/web"]["spec"]["scaleTargetRef"]
    which = random.choice(("name", "kind"))
    target[which] = typo(target["name"], random) if which == "name" else "StatefulSet"
    return Said(f"HorizontalPodAutoscaler/web scales {target['kind']} {target['name']}")


@_harmful
def budget(objects: Objects, random: Random) -> Said:
    spec = objects["PodDisruptionBudget/web"]["spec"]
    del spec["minAvailable"]
    spec.update(random.choice(({"minAvailable": 2}, {"minAvailable": "100%"}, {"maxUnavailable": 0})))
    return Said("PodDisruptionBudget/web allows no disruption")


@_harmful
def cron_job(objects: Objects, random: Random) -> Said:
    item = objects["CronJob/report"]
    way = random.choice(("suspend", "image", "command", "key", "account", "schedule"))
    container = _container(objects, "CronJob/report")
    if way == "suspend":
        item["spec"]["suspend"] = True
    elif way == "image":
        container["image"] = "busybox:1.99"
    elif way == "command":
        container["command"] = ["sh", "-c", "echo 'no report for today'; exit 3"]
    elif way == "key":
        container["env"][0]["valueFrom"]["configMapKeyRef"]["key"] = "THEMES"
    elif way == "account":
        pod_of(item)["serviceAccountName"] = "reporter"
    else:
        item["spec"]["schedule"] = "0 0 31 2 *"
    return Said(f"CronJob/report has another {way}")


@_harmful
def job(objects: Objects, random: Random) -> Said:
    item = objects["Job/migrate"]
    way = random.choice(("image", "command", "deadline", "account"))
    container = _container(objects, "Job/migrate")
    if way == "image":
        container["image"] = "busybox:1.99"
    elif way == "command":
        container["command"] = ["sh", "-c", "echo 'relation orders does not exist'; exit 1"]
        item["spec"]["backoffLimit"] = 0
    elif way == "deadline":
        container["command"] = ["sleep", "600"]
        item["spec"]["activeDeadlineSeconds"] = 5
    else:
        pod_of(item)["serviceAccountName"] = "migrator"
    return Said(f"Job/migrate has another {way}")


# What breaks nothing


@_harmless
def annotated(objects: Objects, random: Random) -> Said:
    key = random.choice(sorted(objects))
    objects[key]["metadata"]["annotations"] = {"example.com/owner": "team-shop"}
    return Said(f"{key} has an annotation")


@_harmless
def labelled(objects: Objects, random: Random) -> Said:
    key = random.choice(sorted(objects))
    objects[key]["metadata"]["labels"] = {"team": "shop"}
    return Said(f"{key} has a label")


@_harmless
def key_added(objects: Objects, random: Random) -> Said:
    key = random.choice(("ConfigMap/api-settings", "ConfigMap/web-settings", "Secret/db-login"))
    _set_data(objects[key], "unused", "x")
    return Said(f"{key} has one key more", _users(objects, key.partition("/")[2]))


@_harmless
def scaled(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("gateway", "worker", "api"))
    objects[key]["spec"]["replicas"] = 2
    return Said(f"{key} has two replicas")


@_harmless
def more_memory(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ("web", "api", "worker"))
    _container(objects, key)["resources"]["limits"]["memory"] = "128Mi"
    return Said(f"{key} has more memory")


@_harmless
def slower_probe(objects: Objects, random: Random) -> Said:
    key = _deployment(random, SERVING)
    _container(objects, key)["readinessProbe"].update(periodSeconds=3, failureThreshold=5)
    return Said(f"{key} is asked less often")


@_harmless
def env_added(objects: Objects, random: Random) -> Said:
    key = _deployment(random)
    _container(objects, key).setdefault("env", []).append({"name": "FEATURE", "value": "on"})
    return Said(f"{key} has one variable more")


@_harmless
def optional_reference(objects: Objects, random: Random) -> Said:
    reference = {"name": "extras", "key": "flag", "optional": True}
    variable = {"name": "FLAG", "valueFrom": {"configMapKeyRef": reference}}
    _container(objects, "Deployment/worker")["env"].append(variable)
    return Said("Deployment/worker reads an optional ConfigMap that is not there")


@_harmless
def quota_raised(objects: Objects, random: Random) -> Said:
    objects["ResourceQuota/team"]["spec"]["hard"]["pods"] = "40"
    return Said("ResourceQuota/team allows more pods")


@_harmless
def port_added(objects: Objects, random: Random) -> Said:
    key = f"Service/{random.choice(('api', 'cache'))}"
    port = objects[key]["spec"]["ports"][0]
    objects[key]["spec"]["ports"].append({**port, "name": "again", "port": 9000})
    return Said(f"{key} has one port more")


@_harmless
def policy_widened(objects: Objects, random: Random) -> Said:
    rule = objects["NetworkPolicy/api-in"]["spec"]["ingress"][0]
    rule["from"].append({"podSelector": {"matchLabels": {"app": "gateway"}}})
    return Said("NetworkPolicy/api-in lets in gateway, too")


@_harmless
def verb_added(objects: Objects, random: Random) -> Said:
    objects["Role/config-reader"]["rules"][0]["verbs"].append("watch")
    return Said("Role/config-reader allows watch, too")


@_harmless
def autoscaler_raised(objects: Objects, random: Random) -> Said:
    objects["HorizontalPodAutoscaler/web"]["spec"]["maxReplicas"] = 6
    return Said("HorizontalPodAutoscaler/web may scale to 6")


@_harmless
def image_in_full(objects: Objects, random: Random) -> Said:
    key = _deployment(random, ON_BUSYBOX)
    _container(objects, key)["image"] = "docker.io/library/busybox:1"
    return Said(f"{key} names its image in full")


@_harmless
def cron_history(objects: Objects, random: Random) -> Said:
    objects["CronJob/report"]["spec"]["failedJobsHistoryLimit"] = 3
    return Said("CronJob/report keeps more of its failed Jobs")
