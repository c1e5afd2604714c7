"""Whether one thing could not be read, or the API server is away: then nothing may be concluded from the rest."""

from __future__ import annotations

from tools.cluster import errors
from tools.cluster.client import Cluster

ASKED_S = 2.0
"""How long an API server that has just failed may take to say that it is there."""


def unless_away(cluster: Cluster, error: errors.ClusterError) -> errors.ClusterError:
    """The error, when the API server answers something else; raises it when that fails, too."""
    if isinstance(error, errors.PASSING):
        try:
            cluster.version(timeout_s=ASKED_S)
        except errors.PASSING:
            raise error from None
    return error
