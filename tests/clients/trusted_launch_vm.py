"""What a stranger sends to make a Trusted launch VM on Azure Local, by Microsoft's documents.

Nothing here comes from the console: these bodies judge the lab, not ourselves. Shapes:
Azure/azure-rest-api-specs, Microsoft.AzureStackHCI/StackHCIVM (2025-06-01-preview) and
Microsoft.HybridCompute (2024-07-10), example PutVirtualMachineInstanceWithMarketplaceGalleryImage.
"""

from typing import Any

VM_API, MACHINE_API, CUSTOM_LOCATION_API = "2025-06-01-preview", "2024-07-10", "2021-08-15"
Body = dict[str, Any]


def machine_path(subscription: str, group: str, name: str) -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.HybridCompute/machines/{name}"
    )


def nic_path(subscription: str, group: str, name: str) -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.AzureStackHCI/networkInterfaces/{name}"
    )


def instance_path(machine: str) -> str:
    return f"{machine}/providers/Microsoft.AzureStackHCI/virtualMachineInstances/default"


def machine(location: str) -> Body:
    return {"location": location, "kind": "HCI", "identity": {"type": "SystemAssigned"}}


def network_interface(location: str, custom_location: str, network: str) -> Body:
    return {
        "location": location,
        "extendedLocation": {"type": "CustomLocation", "name": custom_location},
        "properties": {
            "ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": network}}}]
        },
    }


def instance(custom_location: str, image: str, nic: str, password: str) -> Body:
    return {
        "extendedLocation": {"type": "CustomLocation", "name": custom_location},
        "properties": {
            "hardwareProfile": {"vmSize": "Custom", "processors": 2, "memoryMB": 4096},
            "securityProfile": {
                "securityType": "TrustedLaunch",
                "enableTPM": True,
                "uefiSettings": {"secureBootEnabled": True},
            },
            "osProfile": {
                "computerName": "stranger",
                "adminUsername": "stranger",
                "adminPassword": password,
                "windowsConfiguration": {"provisionVMAgent": True, "provisionVMConfigAgent": True},
            },
            "storageProfile": {"imageReference": {"id": image}, "osDisk": {"osType": "Windows"}},
            "networkProfile": {"networkInterfaces": [{"id": nic}]},
        },
    }
