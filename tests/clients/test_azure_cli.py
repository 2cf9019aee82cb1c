"""The Azure CLI against ``tlconsole lab``: cloud, service principal, a VM's whole life.

Needs ``az``, on the path or named by TLC_AZURE_CLI (``packaging/independent_clients.py`` installs
it, pinned). It stops before any sign-in unless the lab's cloud is the selected one: the CLI would
go to public Azure.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from console.lab.serve import running_lab
from console.lab.world.site import Site
from tests.clients import trusted_launch_vm as stranger

AZ = os.environ.get("TLC_AZURE_CLI") or shutil.which("az")
pytestmark = [
    pytest.mark.skipif(not AZ, reason="no Azure CLI (TLC_AZURE_CLI or az on the path)"),
    pytest.mark.timeout(600),
]
CLOUD, PRINCIPAL = "TrustedLaunchLab", "22222222-0000-4000-8000-000000000001"


@dataclass
class Cli:
    """``az`` with a configuration folder and a trust of its own; nothing of this person's."""

    site: Site
    told: dict[str, Any]
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return str(self.told["arm"]["url"])

    def run(self, *arguments: str) -> Any:
        """The answer as JSON; None where there is none."""
        told = subprocess.run(
            [AZ or "az", *arguments, "--output", "json", "--only-show-errors"],
            env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert told.returncode == 0, f"az {' '.join(arguments[:3])}: {told.stderr[-2000:]}"
        return json.loads(told.stdout) if told.stdout.strip() else None

    def rest(self, method: str, path: str, api: str, body: object = None) -> Any:
        given = ["--body", json.dumps(body)] if body is not None else []
        url = f"{self.url}{path}?api-version={api}"
        return self.run("rest", "--method", method, "--url", url, *given)


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    with running_lab("small", speed=30.0) as (site, told):
        home = tmp_path_factory.mktemp("az")
        environment = {
            name: value
            for name, value in os.environ.items()
            if "proxy" not in name.lower() and not name.upper().startswith("AZURE_")
        } | {
            "AZURE_CONFIG_DIR": str(home),
            "HOME": str(home),
            "REQUESTS_CA_BUNDLE": told["arm"]["ca_file"],
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_NO_COLOR": "true",
        }
        cli = Cli(site, told, environment)
        cli.run("cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", cli.url)
        cli.run("cloud", "set", "-n", CLOUD)
        selected = cli.run("cloud", "show")
        # The guard: everything below would otherwise go to public Azure.
        assert selected["name"] == CLOUD
        assert selected["endpoints"]["resourceManager"].rstrip("/") == cli.url
        assert selected["endpoints"]["activeDirectory"].rstrip("/") == cli.url
        cli.run(
            "login", "--service-principal", "-u", PRINCIPAL, "-p", told["arm"]["token"],
            "--tenant", told["arm"]["tenant_id"],
        )  # fmt: skip
        yield cli


def of_type(az: Cli, kind: str) -> list[dict[str, Any]]:
    found = az.run("resource", "list", "--resource-type", kind)
    assert isinstance(found, list)
    return found


def test_it_lists_and_shows_what_the_site_has(az: Cli) -> None:
    listed = az.run("resource", "list")
    in_site = {one.body["name"] for one in az.site.resources.values() if "location" in one.body}
    assert {one["name"] for one in listed} <= in_site
    (cluster,) = of_type(az, "Microsoft.AzureStackHCI/clusters")
    shown = az.run("resource", "show", "--ids", cluster["id"], "--api-version", "2026-04-30")
    assert shown["name"] == cluster["name"]
    assert [one["name"] for one in az.run("account", "list")] == ["Lab subscription"]


def ended(az: Cli, path: str, api: str) -> dict[str, Any]:
    """The resource once it is no longer in the making."""
    for _ in range(60):
        found = az.rest("get", path, api)
        state = found["properties"]["provisioningState"]
        if state in ("Succeeded", "Failed", "Canceled"):
            assert isinstance(found, dict)
            return found
        time.sleep(1)
    raise AssertionError(f"{path} does not end")


def test_a_trusted_launch_vm_is_created_stopped_and_deleted(az: Cli) -> None:
    (custom,) = of_type(az, "Microsoft.ExtendedLocation/customLocations")
    network = of_type(az, "Microsoft.AzureStackHCI/logicalNetworks")[0]
    image = of_type(az, "Microsoft.AzureStackHCI/marketplaceGalleryImages")[0]
    subscription, group = custom["id"].split("/")[2], custom["id"].split("/")[4]
    machine = stranger.machine_path(subscription, group, "stranger")
    nic = stranger.nic_path(subscription, group, "stranger-nic")
    instance = stranger.instance_path(machine)
    location = custom["location"]
    body: Any = stranger.network_interface(location, custom["id"], network["id"])
    az.rest("put", nic, stranger.VM_API, body)
    assert ended(az, nic, stranger.VM_API)["properties"]["provisioningState"] == "Succeeded"
    az.rest("put", machine, stranger.MACHINE_API, stranger.machine(location))
    body = stranger.instance(custom["id"], image["id"], nic, "a-Long-pass-word-1")
    az.rest("put", instance, stranger.VM_API, body)
    made = ended(az, instance, stranger.VM_API)["properties"]
    assert made["provisioningState"] == "Succeeded", made
    assert made["securityProfile"]["securityType"] == "TrustedLaunch"
    assert made["status"]["powerState"] == "Running"
    assert "adminPassword" not in json.dumps(made)
    world = next(vm for vm in az.site.vms.values() if vm.name == "stranger")
    assert world.owner in az.site.nodes
    az.run(
        "resource", "invoke-action", "--ids", instance, "--action", "stop",
        "--api-version", stranger.VM_API,
    )  # fmt: skip
    for _ in range(30):
        if az.rest("get", instance, stranger.VM_API)["properties"]["status"]["powerState"] in (
            "Stopped", "Deallocated",
        ):  # fmt: skip
            break
        time.sleep(1)
    else:
        raise AssertionError("it does not stop")
    az.rest("delete", instance, stranger.VM_API)
    for _ in range(30):
        with az.site.look():  # the world moves on when somebody looks
            is_left = any(vm.name == "stranger" for vm in az.site.vms.values())
        if not is_left:
            break
        time.sleep(1)
    else:
        raise AssertionError("it is not deleted")
    az.rest("delete", machine, stranger.MACHINE_API)


def test_without_the_selected_cloud_nothing_is_done(
    az: Cli, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The guard can close: a fresh configuration has public Azure selected."""
    home = tmp_path_factory.mktemp("other")
    other = Cli(az.site, az.told, az.environment | {"AZURE_CONFIG_DIR": str(home)})
    assert other.run("cloud", "show")["name"] != CLOUD
