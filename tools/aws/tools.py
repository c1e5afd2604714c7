"""The tools for AWS."""

from __future__ import annotations

from tools.aws.ecr import create_ecr_pull_secret, create_ecr_repository, ecr_images, scan_ecr_image
from tools.frame import Tool
from tools.risk import Risk

OWNER = ("team", "cost_center")
"""Arguments that only the person who asks may choose: who pays."""

TOOLS: tuple[Tool, ...] = (
    Tool(ecr_images, Risk.READ, "Name one repository, or one tag of it.", offline=True),
    Tool(create_ecr_repository, Risk.CLOUD, verbatim=(*OWNER, "mutable_because")),
    Tool(scan_ecr_image, Risk.CLOUD),
    Tool(create_ecr_pull_secret, Risk.SECRET),
)
