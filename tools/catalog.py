"""Every tool of Desk, in one list."""

from __future__ import annotations

from tools.batch import set_schedule, suspend
from tools.claims import set_claim_class
from tools.container_view import show_container
from tools.describe import describe
from tools.diagnose.tool import diagnose
from tools.environment import set_env
from tools.frame import Tool
from tools.objects import delete, save_manifest
from tools.permissions import allow
from tools.port_forward import port_forward
from tools.provisioning.check import check_namespace
from tools.provisioning.deprovision import deprovision_namespace
from tools.provisioning.provision import provision_namespace
from tools.pull_secrets import create_pull_secret, link_pull_secret
from tools.read import events, get, list_, logs, top
from tools.recovery import wait_until_mended
from tools.risk import Risk
from tools.rollout.history import rollout_history
from tools.rollout.status import rollout_status
from tools.rollout.wait import wait_for_rollout
from tools.rollouts import resume_rollout, rollback_rollout, scale
from tools.saved_logs import save_logs
from tools.services import set_service_port, set_service_selector
from tools.who_can import who_can
from tools.whoami import whoami
from tools.workloads import (
    restart,
    set_command,
    set_image,
    set_node_selector,
    set_probe,
    set_reference,
    set_resources,
)

TOOLS: tuple[Tool, ...] = (
    Tool(diagnose, Risk.READ, "Name one workload."),
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
    Tool(check_namespace, Risk.READ),
    Tool(wait_for_rollout, Risk.READ),
    Tool(wait_until_mended, Risk.READ),
    Tool(provision_namespace, Risk.PROVISION, verbatim=("group", "members", "viewers")),
    Tool(deprovision_namespace, Risk.DELETE, always_asked=True),
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
    Tool(link_pull_secret, Risk.PROVISION),
    Tool(allow, Risk.CHANGE, always_asked=True),
    Tool(set_claim_class, Risk.DELETE),
    Tool(delete, Risk.DELETE),
    Tool(save_manifest, Risk.RENDER),
    Tool(save_logs, Risk.RENDER, "Ask for fewer tail_lines."),
)

RISKS: dict[str, str] = {tool.name: tool.risk.value for tool in TOOLS}
"""Each tool's class of risk."""
