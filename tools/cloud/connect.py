"""Which clouds there are, and how each is reached. A cloud's SDK is imported when that cloud is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.cloud.resource import Cloud
from tools.cluster.errors import ClusterSettingsError

AWS = "aws"
"""The system of a change of AWS."""
AZURE = "azure"
"""The system of a change of Azure."""
CLOUDS = (AWS, AZURE)


def no_clouds(system: str) -> Cloud:
    """For work that is given none; raises `ClusterSettingsError`."""
    raise ClusterSettingsError(f"This is done without clouds, and {system} is one.")


@dataclass
class Clouds:
    """The clouds of one process, each made once; what is None is as the cloud's own tools find it."""

    aws_profile: str | None = None
    aws_region: str | None = None
    aws_account: str | None = None
    """The only account that may be worked on; None: whichever the credentials are of."""
    azure_subscription: str | None = None
    azure_group: str | None = None
    azure_region: str | None = None
    azure_endpoint: str | None = None
    timeout_s: float = 30.0
    _made: dict[str, Cloud] = field(default_factory=dict)

    def __call__(self, system: str) -> Cloud:
        """The cloud of this name. Raises `ClusterSettingsError`: its SDK is not there, or no region is said."""
        if system not in self._made:
            self._made[system] = self._make(system)
        return self._made[system]

    def _make(self, system: str) -> Cloud:
        if system not in CLOUDS:
            raise ClusterSettingsError(f"There is no cloud {system}. There are: {', '.join(CLOUDS)}.")
        try:
            return self._aws() if system == AWS else self._azure()
        except ImportError as error:
            raise ClusterSettingsError(
                f"Desk is installed without {system} ({error.name} is missing). Next: pip install "
                f"'desk-agent[{system}]'."
            ) from error

    def _aws(self) -> Cloud:
        from tools.cloud.aws.client import Aws

        return Aws.connect(self.aws_profile, self.aws_region, self.aws_account, self.timeout_s)

    def _azure(self) -> Cloud:
        from tools.cloud.azure.client import Azure

        return Azure.connect(
            self.azure_subscription, self.azure_group, self.azure_region, self.azure_endpoint, self.timeout_s
        )
