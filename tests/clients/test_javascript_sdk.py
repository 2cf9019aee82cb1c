"""Microsoft's JavaScript SDK against ``tlconsole lab``: a Trusted launch VM's whole life.

Needs node and a folder with the @azure packages, named by TLC_NODE_MODULES
(``packaging/independent_clients.py`` installs them, pinned).
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from console.lab.serve import running_lab

NODE, FOLDER = shutil.which("node"), os.environ.get("TLC_NODE_MODULES", "")
IS_THERE = bool(NODE) and (Path(FOLDER) / "node_modules" / "@azure" / "arm-hybridcompute").is_dir()
pytestmark = pytest.mark.skipif(
    not IS_THERE, reason="no node, or no @azure packages (TLC_NODE_MODULES=folder)"
)
SCRIPT = Path(__file__).with_name("trusted_launch_vm.mjs")


@pytest.mark.timeout(200)
def test_a_trusted_launch_vm_is_listed_created_and_deleted() -> None:
    with running_lab("small", speed=30.0) as (site, told):
        machines = {vm.name for vm in site.vms.values()}
        environment = {
            name: value for name, value in os.environ.items() if "proxy" not in name.lower()
        } | {"TLC_LAB": json.dumps(told), "NODE_EXTRA_CA_CERTS": told["arm"]["ca_file"]}
        ran = subprocess.run(
            [NODE or "node", str(SCRIPT)], env=environment, capture_output=True, text=True,
            timeout=180, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr[-3000:]
        seen = json.loads(ran.stdout.splitlines()[-1])
        assert seen["clusters"] == ["lab-cluster"]
        assert seen["shown"] == "from-js"
        assert seen["state"] == "Succeeded"
        assert seen["power"] == "Running"
        assert seen["security"] == {
            "securityType": "TrustedLaunch",
            "enableTPM": True,
            "uefiSettings": {"secureBootEnabled": True},
        }
        assert sorted(seen["before"]) == sorted(seen["after"])
        assert {vm.name for vm in site.vms.values()} == machines
