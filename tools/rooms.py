"""Which tools a call that a person typed needs: those of its room, where that does without the others; else all.

To import all of them takes as long as a small change of the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.frame import Tool

_PROVISIONING = (
    "check_namespace", "provision_namespace", "deprovision_namespace", "onboard_team", "offboard_member",
    "rotate_kubeconfig",
)  # fmt: skip
_AWS = (
    "ecr_images", "create_ecr_repository", "scan_ecr_image", "create_ecr_pull_secret",
    "s3_objects", "create_s3_bucket", "put_s3_object", "sign_s3_url",
    "aws_secrets", "create_aws_secret", "update_aws_secret", "rotate_aws_secret", "restore_aws_secret",
    "deliver_aws_secret", "save_aws_secret",
    "rds_databases", "create_rds_database", "why_no_pull", "why_no_database",
)  # fmt: skip
_AZURE = (
    "acr_images", "build_acr_image", "create_acr_registry", "create_acr_pull_secret",
    "key_vaults", "create_key_vault", "set_key_vault_secret", "recover_key_vault", "deliver_key_vault_secret",
    "save_key_vault_secret", "give_key_vault_access",
    "azure_databases", "create_azure_database", "allow_azure_address", "why_no_azure_database",
    "why_no_acr_pull",
    "storage_blobs", "create_storage_account", "create_storage_container", "put_storage_blob", "sign_storage_url",
)  # fmt: skip
ALONE: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(_PROVISIONING, "tools.provisioning.tools")
    | dict.fromkeys(("generate_manifest", "apply_application"), "tools.manifests.tools")
    | dict.fromkeys(("docs", "save_docs"), "tools.platform_docs.tools")
    | dict.fromkeys(_AWS, "tools.aws.tools")
    | dict.fromkeys(_AZURE, "tools.azure.tools")
)
"""Tool -> the module that lists it and whatever its plans ask for."""


def tools_for(name: str) -> tuple[Tool, ...]:
    """The tools that a call of this one needs; of an empty name, or one that is in no such room, the catalog."""
    found: tuple[Tool, ...] = import_module(ALONE.get(name, "tools.catalog")).TOOLS
    return found
