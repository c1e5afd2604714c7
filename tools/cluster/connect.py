"""Find the cluster as kubectl does: --kubeconfig, KUBECONFIG, ~/.kube/config, or the pod's own account."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.cluster.client import HttpCluster
from tools.cluster.endpoint import Endpoint, NotPlain, endpoint_of, is_unverified, plain_endpoint
from tools.cluster.errors import ClusterSettingsError
from tools.cluster.kubeconfig import Chosen, Unusable, chosen, merged
from tools.cluster.login import IMPERSONATION, LOGIN_FIELDS, Login, login_of
from tools.cluster.proxy import proxy_of

if TYPE_CHECKING:
    from kubernetes.client import Configuration

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Where(NamedTuple):
    """Which cluster and as whom; None takes what kubectl would take."""

    kubeconfig: str | None = None
    context: str | None = None
    document: dict[str, Any] | None = None
    """A kubeconfig in memory, instead of a file (the sandbox's)."""
    user: str = ""
    """As whom to act, by impersonation; empty: as the kubeconfig says."""
    groups: tuple[str, ...] = ()
    """The groups of `user`, but for those that the API server gives by itself."""


def connect(where: Where, *, timeout_s: float = 30.0, sleep: Callable[[float], None] | None = None) -> HttpCluster:
    """A client for the cluster, which waits by `sleep`; no request is sent yet.

    Raises `ClusterSettingsError` when there is no kubeconfig, it is not one, or has no such context.
    """
    return HttpCluster(_found(where), timeout_s=timeout_s, sleep=sleep)


def contexts(where: Where) -> list[tuple[str, str]]:
    """The contexts of the kubeconfig, each with its namespace; raises what a kubeconfig that is none raises."""
    document = _read(where, _source(where))
    return [(item["name"], str(item["context"].get("namespace") or "default")) for item in document["contexts"]]


def _found(where: Where) -> Endpoint:
    import yaml

    in_pod = where.document is None and _in_cluster(where)
    source = str(SERVICE_ACCOUNT) if in_pod else _source(where)
    try:
        found = _of_the_pod() if in_pod else chosen(where.document or _read(where, source), where.context)
        return _endpoint(_acting_as(where, found))
    except yaml.YAMLError as error:
        raise ClusterSettingsError(
            f"The kubeconfig {source} is not YAML: {_line(error)}. Mend it, or name another with --kubeconfig FILE."
        ) from error
    except OSError as error:
        raise ClusterSettingsError(
            f"The kubeconfig {source} cannot be read: {error.strerror or error}. "
            "Name a readable one with --kubeconfig FILE."
        ) from error
    except (Unusable, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ClusterSettingsError(_unusable(source, error)) from error


def _acting_as(where: Where, found: Chosen) -> Chosen:
    if not where.user:
        return found
    own = {name: value for name, value in found.user.items() if name not in IMPERSONATION}
    return found._replace(user={**own, "as": where.user, "as-groups": list(where.groups)})


def _in_cluster(where: Where) -> bool:
    named = where.kubeconfig or os.environ.get("KUBECONFIG") or where.context
    return not named and not _default_file().exists() and (SERVICE_ACCOUNT / "token").exists()


def _of_the_pod() -> Chosen:
    """As a pod finds it. Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/"""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise Unusable("the environment names no KUBERNETES_SERVICE_HOST")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Chosen(
        context="of the pod",
        namespace=(SERVICE_ACCOUNT / "namespace").read_text().strip(),
        cluster={"server": server, "certificate-authority": str(SERVICE_ACCOUNT / "ca.crt")},
        user={"tokenFile": str(SERVICE_ACCOUNT / "token")},
    )


def _endpoint(choice: Chosen) -> Endpoint:
    login = login_of(choice)
    try:
        endpoint = plain_endpoint(choice, login)
    except NotPlain:
        endpoint = _by_client(choice, login)
    if endpoint.host.startswith("https://") and not login.certificate and not endpoint.authorization():
        raise Unusable(f'the user of its context "{choice.context}" has no credentials that Desk can show')
    return endpoint


def _by_client(choice: Chosen, login: Login) -> Endpoint:
    """By the `kubernetes` client's loader, which is given what is not read here."""
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    configuration = Configuration()
    cluster = {**choice.cluster, "insecure-skip-tls-verify": is_unverified(choice.cluster)}
    user = {name: value for name, value in choice.user.items() if name not in LOGIN_FIELDS}
    document = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    try:
        KubeConfigLoader(config_dict=document).load_and_set(configuration)
    except ConfigException as error:
        raise Unusable(str(error)) from error
    _ask(configuration, choice.cluster.get("proxy-url") or proxy_of(configuration.host, os.environ))
    return endpoint_of(configuration, login, choice.namespace)


def _ask(configuration: Configuration, proxy: str | None) -> None:
    """Through this proxy or none; `HttpCluster` sends again what may be sent again, and knows what that is."""
    if proxy and proxy.startswith("socks"):
        raise Unusable(f"it is reached through the SOCKS proxy {proxy}, and Desk goes through HTTP proxies only")
    configuration.proxy, configuration.no_proxy, configuration.retries = proxy, None, False


def _read(where: Where, source: str) -> dict[str, Any]:
    """The document of the file that was named, or of those of a list that are there."""
    parts = [source] if where.kubeconfig else [part for part in source.split(os.pathsep) if part]
    files = [Path(part).expanduser().absolute() for part in parts]
    return merged((file.parent, _parsed(file)) for file in files if file.exists())


def _parsed(file: Path) -> Any:
    import yaml

    text = file.read_bytes()
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}  # noqa: S506
    except yaml.YAMLError:
        return yaml.safe_load(text) or {}  # slower, and better at saying what is wrong


def _source(where: Where) -> str:
    if where.document is not None:
        return "of the sandbox"
    if where.kubeconfig:
        given = Path(where.kubeconfig).expanduser()
        if not given.exists():
            raise ClusterSettingsError(
                f"The kubeconfig {where.kubeconfig} does not exist. Name one that does: --kubeconfig FILE."
            )
        return str(given)
    source = os.environ.get("KUBECONFIG") or str(_default_file())
    if not any(Path(part).expanduser().exists() for part in source.split(os.pathsep) if part):
        raise ClusterSettingsError(_nothing_found(source))
    return source


def _default_file() -> Path:
    return Path("~/.kube/config").expanduser()


def _nothing_found(source: str) -> str:
    return (
        f"There is no cluster: no kubeconfig at {source}. Name one with --kubeconfig FILE or KUBECONFIG, "
        "or try Desk without a cluster: --sandbox."
    )


def _unusable(source: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:300]
    if not isinstance(error, Unusable):
        said = "it is not a kubeconfig (kind: Config, with clusters, users and contexts)"
    next_step = "kubectl config get-contexts lists its contexts; choose one with --context NAME."
    if "context" not in said.lower():
        next_step = "Mend it, or name another with --kubeconfig FILE."
    return f"The kubeconfig {source} cannot be used: {said}. {next_step}"


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be parsed"
    return f"{problem} (line {mark.line + 1})" if mark else str(problem)
