"""The tools that provision."""

from __future__ import annotations

from tools.frame import Tool
from tools.provisioning.check import check_namespace
from tools.provisioning.deprovision import deprovision_namespace
from tools.provisioning.members import offboard_member, rotate_kubeconfig
from tools.provisioning.provision import provision_namespace
from tools.provisioning.team import onboard_team
from tools.risk import Risk

_ACCESS = ("group", "members", "pull_secret", "registry", "username")
"""Arguments that only the person who asks may choose: who gets in, and with whose credentials."""

TOOLS: tuple[Tool, ...] = (
    Tool(check_namespace, Risk.READ),
    Tool(provision_namespace, Risk.PROVISION, verbatim=(*_ACCESS, "viewers")),
    Tool(deprovision_namespace, Risk.DELETE, always_asked=True),
    Tool(onboard_team, Risk.PROVISION, verbatim=(*_ACCESS, "repos", "kubeconfig_dir")),
    Tool(offboard_member, Risk.PROVISION, always_asked=True, verbatim=("member",)),
    Tool(rotate_kubeconfig, Risk.SECRET, verbatim=("member", "kubeconfig_dir")),
)
