"""Real clusters: ARM through the Azure SDK, nodes through PowerShell remoting, joined by VM id."""

from console.backends.azure_local.backend import AzureLocalBackend
from console.backends.azure_local.connections import (
    ArmConnection,
    ClusterConnection,
    StaticToken,
)
from console.backends.azure_local.sign_in import AzureCliToken

__all__ = [
    "ArmConnection",
    "AzureCliToken",
    "AzureLocalBackend",
    "ClusterConnection",
    "StaticToken",
]
