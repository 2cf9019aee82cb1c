"""Nothing that a VM says of itself becomes more than an address in a file or a command."""

import shlex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
)
from console.ui.models.reaching import (
    address_of,
    rdp_file,
    rdp_file_name,
    ssh_arguments,
    ssh_command,
)


def vm(*addresses: str, name: str = "web", computer: str = "", user: str = "") -> VirtualMachine:
    return VirtualMachine(
        "key",
        name,
        VmKind.AZURE_LOCAL,
        ClusterFacts("key", "N1", PowerState.RUNNING, addresses=addresses),
        AzureFacts("id", computer_name=computer, admin_username=user),
    )


@pytest.mark.parametrize(
    ("told", "address"),
    [
        (("10.0.0.4",), "10.0.0.4"),
        (("fe80::1", "2001:db8::5", "10.0.0.4"), "10.0.0.4"),
        (("fe80::1", "2001:db8::5"), "2001:db8::5"),
        (("169.254.1.1", "127.0.0.1", "0.0.0.0", "224.0.0.1"), ""),
        (("2001:db8::5%\nfull address:s:evil",), ""),
        (("10.0.0.4\r\nalternate shell:s:cmd",), ""),
        ((), ""),
    ],
)
def test_only_an_address_that_can_be_reached(told: tuple[str, ...], address: str) -> None:
    assert address_of(vm(*told)) == address


@pytest.mark.parametrize("name", ["web-01", "web-01.contoso.local"])
def test_a_plain_name_will_do(name: str) -> None:
    assert address_of(vm(computer=name)) == name


@pytest.mark.parametrize(
    "name", ["-oProxyCommand=x", "a b", "a;b", "a\nb", "a..b", "a" * 64, "[x]"]
)
def test_any_other_name_will_not(name: str) -> None:
    assert address_of(vm(computer=name)) == ""


@given(st.lists(st.text(), max_size=4), st.text(), st.text(), st.text())
def test_hostile_text_stays_out(told: list[str], name: str, computer: str, user: str) -> None:
    hostile = vm(*told, name=name, computer=computer, user=user)
    address = address_of(hostile)
    file_name = rdp_file_name(hostile)
    assert file_name.isascii()
    assert not set(file_name) & set('/\\:*?"<>| \r\n')
    assert len(file_name) < 80
    assert not file_name.startswith(".")
    if not address:
        return
    lines = rdp_file(address).split("\r\n")
    assert lines[0] in (f"full address:s:{address}", f"full address:s:[{address}]")
    assert lines[1:] == rdp_file("10.0.0.1").split("\r\n")[1:]
    arguments = ssh_arguments(hostile, address)
    assert arguments[0] == "ssh"
    assert arguments[-1] == address
    assert not address.startswith("-")
    assert len(arguments) in (2, 4)
    assert tuple(shlex.split(ssh_command(hostile, address))) == arguments


def test_the_file_asks_for_the_password_and_holds_none() -> None:
    text = rdp_file("2001:db8::5")
    assert "full address:s:[2001:db8::5]\r\n" in text
    assert "prompt for credentials:i:1" in text
    assert "password" not in text


def test_the_account_goes_with_ssh_only_if_it_is_a_plain_name() -> None:
    assert ssh_arguments(vm(user="labadmin"), "10.0.0.4") == ("ssh", "-l", "labadmin", "10.0.0.4")
    assert ssh_arguments(vm(user="-x y"), "10.0.0.4") == ("ssh", "10.0.0.4")
    without = msgspec.structs.replace(vm("10.0.0.4"), azure=None)
    assert ssh_command(without, "10.0.0.4") == "ssh 10.0.0.4"
