"""The tools for Azure."""

from __future__ import annotations

from tools.azure.acr import acr_images, build_acr_image, create_acr_pull_secret, create_acr_registry
from tools.azure.databases import (
    allow_azure_address,
    azure_databases,
    create_azure_database,
    why_no_azure_database,
)
from tools.azure.keyvault import (
    create_key_vault,
    deliver_key_vault_secret,
    give_key_vault_access,
    key_vaults,
    recover_key_vault,
    save_key_vault_secret,
    set_key_vault_secret,
)
from tools.azure.reaching import why_no_acr_pull
from tools.azure.storage import (
    create_storage_account,
    create_storage_container,
    put_storage_blob,
    sign_storage_url,
    storage_blobs,
)
from tools.clouds.owner import CHOSEN
from tools.frame import Tool
from tools.risk import Risk

TOOLS: tuple[Tool, ...] = (
    Tool(acr_images, Risk.READ, "Name one registry, or one repository of it.", offline=True),
    Tool(key_vaults, Risk.READ, "Name one vault.", offline=True),
    Tool(azure_databases, Risk.READ, "Name one database.", offline=True),
    Tool(why_no_azure_database, Risk.READ),
    Tool(why_no_acr_pull, Risk.READ, "Name one pod."),
    Tool(storage_blobs, Risk.READ, "Name one account, or a container and a prefix.", offline=True),
    Tool(create_acr_registry, Risk.CLOUD, verbatim=CHOSEN),
    Tool(build_acr_image, Risk.CLOUD, verbatim=("folder", "tag")),
    Tool(create_acr_pull_secret, Risk.SECRET),
    Tool(create_key_vault, Risk.CLOUD, verbatim=(*CHOSEN, "allow")),
    Tool(set_key_vault_secret, Risk.CLOUD, verbatim=("file",)),
    Tool(recover_key_vault, Risk.CLOUD),
    Tool(deliver_key_vault_secret, Risk.SECRET, verbatim=("secret_name",)),
    Tool(save_key_vault_secret, Risk.CLOUD, verbatim=("file",)),
    Tool(give_key_vault_access, Risk.CLOUD, verbatim=("principal",)),
    Tool(create_azure_database, Risk.CLOUD, verbatim=(*CHOSEN, "single_zone_because")),
    Tool(create_storage_account, Risk.CLOUD, verbatim=(*CHOSEN, "allow")),
    Tool(create_storage_container, Risk.CLOUD),
    Tool(put_storage_blob, Risk.CLOUD, verbatim=("file",)),
    Tool(sign_storage_url, Risk.CLOUD, verbatim=("file",)),
    Tool(allow_azure_address, Risk.CLOUD, verbatim=("addresses", "because")),
)
