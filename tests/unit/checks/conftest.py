"""The small site as the window knows it, and a creation that fits it."""

import pytest

from console.model.inventory import Inventory
from console.model.request import NetworkInterfaceSpec, VirtualMachineSpec
from tests.ui.sample import snapshot


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


@pytest.fixture
def spec(inventory: Inventory) -> VirtualMachineSpec:
    site = inventory.site
    image = next(image for image in site.images if image.reference is not None)
    best = max(site.storage_paths, key=lambda path: path.available_mib or 0)
    return VirtualMachineSpec(
        name="new-1",
        subscription_id=site.subscriptions[0].id,
        resource_group=site.resource_groups[0].name,
        location=site.custom_locations[0].location,
        custom_location_id=site.custom_locations[0].arm_id,
        image_id=image.arm_id,
        storage_path_id=best.arm_id,
        admin_username="grace",
        network_interfaces=(NetworkInterfaceSpec("new-1-nic", site.logical_networks[0].arm_id),),
    )
