"""The tools for AWS."""

from __future__ import annotations

from tools.aws.ecr import create_ecr_pull_secret, create_ecr_repository, ecr_images, scan_ecr_image
from tools.aws.rds import create_rds_database, rds_databases
from tools.aws.reaching import why_no_database, why_no_pull
from tools.aws.s3 import create_s3_bucket, put_s3_object, s3_objects, sign_s3_url
from tools.aws.secrets_manager import (
    aws_secrets,
    create_aws_secret,
    deliver_aws_secret,
    restore_aws_secret,
    rotate_aws_secret,
    save_aws_secret,
    update_aws_secret,
)
from tools.clouds.owner import CHOSEN
from tools.frame import Tool
from tools.risk import Risk

TOOLS: tuple[Tool, ...] = (
    Tool(ecr_images, Risk.READ, "Name one repository, or one tag of it.", offline=True),
    Tool(s3_objects, Risk.READ, "Name one bucket, and a prefix.", offline=True),
    Tool(aws_secrets, Risk.READ, offline=True),
    Tool(rds_databases, Risk.READ, "Name one database.", offline=True),
    Tool(why_no_pull, Risk.READ, "Name one pod."),
    Tool(why_no_database, Risk.READ),
    Tool(create_ecr_repository, Risk.CLOUD, verbatim=(*CHOSEN, "mutable_because")),
    Tool(scan_ecr_image, Risk.CLOUD),
    Tool(create_ecr_pull_secret, Risk.SECRET),
    Tool(create_s3_bucket, Risk.CLOUD, verbatim=CHOSEN),
    Tool(put_s3_object, Risk.CLOUD, verbatim=("file",)),
    Tool(sign_s3_url, Risk.CLOUD, verbatim=("file",)),
    Tool(create_aws_secret, Risk.CLOUD, verbatim=(*CHOSEN, "file")),
    Tool(update_aws_secret, Risk.CLOUD, verbatim=("file",)),
    Tool(rotate_aws_secret, Risk.CLOUD, verbatim=("function",)),
    Tool(restore_aws_secret, Risk.CLOUD),
    Tool(deliver_aws_secret, Risk.SECRET, verbatim=("secret_name",)),
    Tool(save_aws_secret, Risk.CLOUD, verbatim=("file",)),
    Tool(create_rds_database, Risk.CLOUD, verbatim=(*CHOSEN, "single_zone_because")),
)
