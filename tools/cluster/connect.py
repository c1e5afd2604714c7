"""Find the cluster as kubectl does: --kubeconfig, KUBECONFIG, ~/.kube/config, or the pod's own account."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.cluster.client import HttpCluster
from tools.cluster.endpoint import Endpoint, NotPlain, endpoint_of, plain_endpoint
from tools.cluster.errors import ClusterSettingsError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Where(NamedTuple):
    """Which cluster and as whom; None takes what kubectl would take."""

    kubeconfig: str | None = None
    context: str | None = None
    document: dict[str, Any] | None = None
    """A kubeconfig in memory, instead of a file (the sandbox's)."""


def connect(where: Where, *, timeout_s: float = 30.0) -> HttpCluster:
    """A client for the cluster; no request is sent yet.

    Raises `ClusterSettingsError` when there is no kubeconfig, it is not one, or has no such context.
    """
    try:
        endpoint = _plainly(where)
    except NotPlain:
        endpoint = _by_client(where)
    return HttpCluster(endpoint, timeout_s=timeout_s)


def _plainly(where: Where) -> Endpoint:
    if where.document is not None:
        return plain_endpoint(where.document, Path(), where.context)
    file = Path(where.kubeconfig or os.environ.get("KUBECONFIG") or _default_file()).expanduser()
    if not file.is_file():  # none, or a list of several
        raise NotPlain
    return plain_endpoint(_parsed(file), file.parent, where.context)


def _parsed(file: Path) -> object:
    import yaml

    try:
        return yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise NotPlain from error


def _by_client(where: Where) -> Endpoint:
    from kubernetes.client import Configuration

    configuration = Configuration()
    if where.document is None and _in_cluster(where):
        namespace = _service_account(configuration)
    else:
        namespace = _load(where, configuration)
    configuration.retries = False  # HttpCluster sends again what may be sent again, and knows what that is
    return endpoint_of(configuration, namespace)


def _in_cluster(where: Where) -> bool:
    named = where.kubeconfig or os.environ.get("KUBECONFIG") or where.context
    return not named and not _default_file().exists() and (SERVICE_ACCOUNT / "token").exists()


def _service_account(configuration: Configuration) -> str:
    from kubernetes.config import load_incluster_config

    load_incluster_config(client_configuration=configuration)
    return (SERVICE_ACCOUNT / "namespace").read_text().strip()


def _load(where: Where, configuration: Configuration) -> str:
    import yaml
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

    source = _source(where)
    try:
        document = where.document or KubeConfigMerger(source).config
        if document is None:
            raise ClusterSettingsError(_nothing_found(source))
        loader = KubeConfigLoader(config_dict=document, active_context=where.context)
        loader.load_and_set(configuration)
    except yaml.YAMLError as error:
        raise ClusterSettingsError(
            f"The kubeconfig {source} is not YAML: {_line(error)}. Mend it, or name another with --kubeconfig FILE."
        ) from error
    except OSError as error:
        raise ClusterSettingsError(
            f"The kubeconfig {source} cannot be read: {error.strerror or error}. "
            "Name a readable one with --kubeconfig FILE."
        ) from error
    except (ConfigException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ClusterSettingsError(_unusable(source, where, error)) from error
    return str(loader.current_context["context"].get("namespace") or "default")


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


def _unusable(source: str, where: Where, error: Exception) -> str:
    said = " ".join(str(error).split())[:300]
    if isinstance(error, AttributeError | KeyError | TypeError | UnicodeDecodeError):
        said = "it is not a kubeconfig (kind: Config, with clusters, users and contexts)"
    if where.context and "context" in said.lower():
        said = f'it has no context "{where.context}"'
    next_step = "kubectl config get-contexts lists its contexts; choose one with --context NAME."
    if "context" not in said.lower():
        next_step = "Mend it, or name another with --kubeconfig FILE."
    return f"The kubeconfig {source} cannot be used: {said}. {next_step}"


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be parsed"
    return f"{problem} (line {mark.line + 1})" if mark else str(problem)
