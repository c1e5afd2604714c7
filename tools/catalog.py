"""Every tool of Desk, in one list."""

from __future__ import annotations

from tools.aws import tools as aws
from tools.azure import tools as azure
from tools.delivery import tools as delivery
from tools.diagnose.tool import diagnose
from tools.diagnose.wait import wait_until_mended
from tools.frame import Tool
from tools.kubernetes.claims import set_claim_class
from tools.kubernetes.container_view import show_container
from tools.kubernetes.database_logins import create_database_login
from tools.kubernetes.describe import describe
from tools.kubernetes.environment import set_env
from tools.kubernetes.jobs import set_schedule, suspend
from tools.kubernetes.objects import delete, save_manifest
from tools.kubernetes.port_forward import port_forward
from tools.kubernetes.pull_secrets import create_pull_secret, link_pull_secret
from tools.kubernetes.read import (
    events,
    get,
    list_,
    logs,
    top,
)
from tools.kubernetes.roles import allow
from tools.kubernetes.rollouts.changes import resume_rollout, rollback_rollout, scale
from tools.kubernetes.rollouts.history import rollout_history
from tools.kubernetes.rollouts.status import rollout_status
from tools.kubernetes.saved_logs import save_logs
from tools.kubernetes.services import set_service_port, set_service_selector
from tools.kubernetes.who_can import who_can
from tools.kubernetes.whoami import whoami
from tools.kubernetes.workloads import (
    restart,
    set_command,
    set_image,
    set_node_selector,
    set_probe,
    set_reference,
    set_resources,
)
from tools.manifests import tools as manifests
from tools.platform_docs import tools as platform_docs
from tools.provisioning import tools as provisioning
from tools.risk import Risk
from tools.scaffolds import tools as scaffolds
from tools.validation.tool import mend_manifests, validate_manifests

TOOLS: tuple[Tool, ...] = (
    Tool(diagnose, Risk.READ, "Name one workload."),
    *delivery.READING,
    Tool(get, Risk.READ, "Describe it instead."),
    Tool(list_, Risk.READ, "Give a namespace or a label selector."),
    Tool(describe, Risk.READ, "Get only the events, or only the logs."),
    Tool(logs, Risk.READ, "Ask for fewer tail_lines."),
    Tool(events, Risk.READ, "Give the name of one object."),
    Tool(top, Risk.READ, "Give a smaller namespace."),
    Tool(show_container, Risk.READ, "Ask for its env, ports or mounts alone."),
    Tool(port_forward, Risk.READ),
    Tool(rollout_status, Risk.READ),
    Tool(rollout_history, Risk.READ),
    Tool(who_can, Risk.READ, "Ask for one user or group."),
    Tool(whoami, Risk.READ),
    Tool(validate_manifests, Risk.READ, "Name one file, or a folder below it.", verbatim=("path",), offline=True),
    Tool(wait_until_mended, Risk.READ),
    *provisioning.TOOLS,
    Tool(set_resources, Risk.CHANGE),
    Tool(restart, Risk.CHANGE),
    Tool(set_image, Risk.CHANGE),
    Tool(set_probe, Risk.CHANGE),
    Tool(set_reference, Risk.CHANGE),
    Tool(set_command, Risk.CHANGE),
    Tool(set_env, Risk.CHANGE),
    Tool(set_node_selector, Risk.CHANGE),
    Tool(scale, Risk.CHANGE),
    Tool(rollback_rollout, Risk.CHANGE),
    Tool(resume_rollout, Risk.CHANGE),
    Tool(suspend, Risk.CHANGE),
    Tool(set_schedule, Risk.CHANGE),
    Tool(set_service_selector, Risk.CHANGE),
    Tool(set_service_port, Risk.CHANGE),
    Tool(create_pull_secret, Risk.SECRET, verbatim=("file", "existing_secret")),
    Tool(create_database_login, Risk.SECRET),
    Tool(link_pull_secret, Risk.PROVISION),
    Tool(allow, Risk.CHANGE, always_asked=True),
    Tool(set_claim_class, Risk.DELETE),
    Tool(delete, Risk.DELETE),
    Tool(save_manifest, Risk.RENDER),
    *delivery.CHANGING,
    *manifests.TOOLS,
    *scaffolds.TOOLS,
    Tool(mend_manifests, Risk.RENDER, verbatim=("path",), offline=True),
    *platform_docs.TOOLS,
    *aws.TOOLS,
    *azure.TOOLS,
    Tool(save_logs, Risk.RENDER, "Ask for fewer tail_lines."),
)

RISKS: dict[str, str] = {tool.name: tool.risk.value for tool in TOOLS}
"""Each tool's class of risk."""
