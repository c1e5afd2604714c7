"""AWS, as the tools of this room are given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tools.cloud.connect import AWS
from tools.frame import ToolContext

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws


def aws_of(context: ToolContext) -> Aws:
    """AWS, by whatever credentials there are. Raises `ClusterSettingsError` where it cannot be addressed."""
    return cast("Aws", context.clouds(AWS))
