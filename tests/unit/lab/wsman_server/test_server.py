"""The lab's nodes as pypsrp meets them: pools, streams, stop, take-over, and every way to fail."""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import SignalCode, WinRS

from console.catalog import resource_path
from tests.unit.lab.wsman_server.conftest import Bench, running_bench, shell

HOSTILE = [
    "';Remove-Item C:\\ -Recurse;'",
    "$(Stop-Computer)",
    "`$env:PATH`",
    "\u2018curly\u2019 \u201cquotes\u201d",
    "</S><S>&amp;<![CDATA[x]]>",
    "line\r\nbreak\ttab",
    "_x000A_ \U0001f4a5",
]


def test_a_function_puts_out_one_json_string(bench: Bench) -> None:
    with bench.pool() as pool:
        answer = shell(pool, "Get-TlcNode").invoke()
        assert [type(part) for part in answer] == [str]
        told = json.loads(answer[0])
        assert (told["schema"], told["node"], told["data"]["name"]) == (1, "LAB-N1", "LAB-N1")
    with bench.pool("LAB-N3") as pool:
        assert json.loads(shell(pool, "get-tlcnode").invoke()[0])["node"] == "LAB-N3"


def test_a_large_answer_crosses_in_many_fragments(tmp_path: Path) -> None:
    with running_bench(tmp_path, "large") as bench, bench.pool() as pool:
        text = shell(pool, "Get-TlcVirtualMachine").invoke()[0]
        rows = json.loads(text)["data"]
        assert len(text) > 3 * 32_747
        assert {row["vmId"] for row in rows} == {vm.vm_id for vm in bench.site.vms_on("LAB-N1")}
        page = shell(pool, "Get-TlcVirtualMachine", First=7, Skip=5).invoke()[0]
        assert json.loads(page)["data"] == rows[5:12]


def test_streams_and_objects(bench: Bench) -> None:
    with bench.pool() as pool:
        ran = shell(pool, "Streams")
        ran.invoke()
        assert ran.state == PSInvocationState.COMPLETED
        assert [warning.message for warning in ran.streams.warning] == ["mind the gap"]
        (error,) = ran.streams.error
        assert (str(error), error.fq_error) == ("not so bad", "SmallThing,Streams")
        assert ran.output == [{"Name": "an object", "Size": 3}]


def test_an_unknown_command_fails_as_on_windows(bench: Bench) -> None:
    with bench.pool() as pool:
        ran = shell(pool, "Get-Secrets")
        ran.invoke()
        assert ran.state == PSInvocationState.FAILED
        (error,) = ran.streams.error
        assert error.fq_error == "CommandNotFoundException,Get-Secrets"
        assert "CommandNotFoundException" in error.exception.types[0]
        assert "'Get-Secrets' is not recognized" in str(error)
        bench.site.faults.missing_function("Get-TlcNode")
        missing = shell(pool, "Get-TlcNode")
        missing.invoke()
        assert missing.streams.error[0].fq_error == "CommandNotFoundException,Get-TlcNode"


def test_a_refusal_of_the_world_is_a_terminating_error(bench: Bench) -> None:
    vm = next(iter(bench.site.vms.values()))
    with bench.pool() as pool:
        move = {"VMId": vm.vm_id, "TargetNode": "LAB-N4", "OperationId": "op-1"}
        ran = shell(pool, "Start-TlcLiveMigration", ExpectedOwner="LAB-N3", **move)
        ran.invoke()
        (error,) = ran.streams.error
        assert error.fq_error == "OwnerMismatch,Start-TlcLiveMigration"
        assert str(error) == f"{vm.name} is on {vm.owner}, not LAB-N3"
    assert not bench.site.migrations


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_come_back_as_the_same_data(bench: Bench, value: str) -> None:
    with bench.pool() as pool:
        assert shell(pool, "Echo", Value=value).invoke() == [value]
        for name in ("TargetNode", "ExpectedOwner", "OperationId", "VMId"):
            parameters: dict[str, Any] = {
                "VMId": "0" * 8 + "-0000-0000-0000-" + "0" * 12,
                "TargetNode": "LAB-N2",
                "ExpectedOwner": "LAB-N1",
                "OperationId": "op",
                name: value,
            }
            ran = shell(pool, "Start-TlcLiveMigration", **parameters)
            ran.invoke()
            assert ran.state == PSInvocationState.FAILED
            assert ran.streams.error[0].fq_error.startswith("ParameterArgument")
        ran = shell(pool, value)
        ran.invoke()
        assert ran.streams.error[0].fq_error.startswith("CommandNotFoundException")
    assert not bench.site.migrations


def test_pipeline_input(bench: Bench) -> None:
    with bench.pool() as pool:
        assert shell(pool, "Echo").invoke(input=["a", "b"]) == ["a", "b"]


def test_progress_streams_while_it_runs(bench: Bench) -> None:
    with bench.pool() as pool:
        ran = shell(pool, "Slow", Ticks=8)
        ran.begin_invoke()
        seen = []
        while ran.state == PSInvocationState.RUNNING:
            ran.poll_invoke(timeout=1)
            seen.append(len(ran.streams.progress))
        assert ran.output == ["over"]
        assert seen[-1] == 8
        assert any(0 < count < 8 for count in seen)


def test_stop_and_the_pool_goes_on(bench: Bench) -> None:
    with bench.pool() as pool:
        ran = shell(pool, "Slow")
        ran.begin_invoke()
        ran.poll_invoke(timeout=1)
        started = time.monotonic()
        ran.stop()
        ran.close()
        assert time.monotonic() - started < 1
        assert ran.state == PSInvocationState.STOPPED
        assert ran.output == []
        assert shell(pool, "Get-TlcNode").invoke()


def test_stop_from_a_second_connection(bench: Bench) -> None:
    with bench.pool() as pool, bench.wsman() as other:
        ran = shell(pool, "Slow")
        ran.begin_invoke()
        shells = WinRS(other, resource_uri=pool.shell.resource_uri, id=pool.id)
        shells._selector_set = pool.shell._selector_set
        shells.signal(SignalCode.CTRL_C, str(ran.id).upper())
        ran.end_invoke()
        assert ran.state == PSInvocationState.STOPPED


def test_disconnect_and_reconnect(bench: Bench) -> None:
    with bench.pool() as pool:
        pool.disconnect()
        pool.connect()
        assert shell(pool, "Get-TlcNode").invoke()


def test_a_new_client_takes_over_with_the_output(bench: Bench) -> None:
    wsman = bench.wsman()
    pool = RunspacePool(wsman)
    pool.open()
    ran = shell(pool, "Slow", Ticks=15)
    ran.begin_invoke()
    pool.disconnect()
    wsman.close()
    with bench.wsman() as second:
        (found,) = RunspacePool.get_runspace_pools(second)
        found.connect()
        (pipeline,) = found.create_disconnected_power_shells()
        pipeline.connect()
        pipeline.end_invoke()
        assert pipeline.output == ["over"]
        assert len(pipeline.streams.progress) == 15
        found.close()


def test_a_shipped_script_is_known_by_its_text_and_no_other(bench: Bench) -> None:
    module = resource_path("scripts/TrustedLaunchConsole.psm1").read_text(encoding="utf-8")
    with bench.pool() as pool:
        ran = PowerShell(pool)
        ran.add_script(module).add_statement().add_cmdlet("Get-TlcNode")
        assert len(ran.invoke()) == 1
        assert ran.streams.error == []
        changed = PowerShell(pool)
        changed.add_script(module + " ").add_statement().add_cmdlet("Get-TlcNode")
        changed.invoke()
        assert changed.state == PSInvocationState.FAILED
        assert changed.output == []
        assert changed.streams.error[0].fq_error == "ScriptsNotAllowed"


def test_a_fault_of_the_lab_ends_the_command_only(bench: Bench) -> None:
    with bench.pool() as pool:
        ran = shell(pool, "Breaks")
        ran.invoke()
        assert "ZeroDivisionError" in str(ran.streams.error[0])
        assert shell(pool, "Get-TlcNode").invoke()


def test_pool_questions(bench: Bench) -> None:
    with bench.wsman() as wsman, RunspacePool(wsman, max_runspaces=3) as pool:
        assert pool.get_available_runspaces() == 3
        pool.max_runspaces = 5
        assert pool.max_runspaces == 5
        assert pool.is_alive()
        pool.exchange_keys()


# -- who may enter -------------------------------------------------------------------------------
@pytest.mark.parametrize("auth", ["basic", "negotiate", "ntlm"])
def test_authentication_over_tls(bench: Bench, auth: str) -> None:
    with bench.pool(auth=auth) as pool:
        assert shell(pool, "Get-TlcNode").invoke()
    with pytest.raises(AuthenticationError), bench.pool(auth=auth, password="wrong"):
        pass
    with pytest.raises(AuthenticationError), bench.pool(auth=auth, username="LAB\\nobody"):
        pass
    assert "NTLM_USER_FILE" not in os.environ


@pytest.mark.parametrize("auth", ["negotiate", "ntlm"])
def test_sealed_messages_without_tls(tmp_path: Path, auth: str) -> None:
    with running_bench(tmp_path, "small", use_tls=False) as bench:
        with bench.pool(auth=auth) as pool:
            assert len(json.loads(shell(pool, "Get-TlcVirtualMachine").invoke()[0])["data"]) > 9
            assert shell(pool, "Echo", Value="\u00e4" * 70_000).invoke() == ["\u00e4" * 70_000]
        with (
            pytest.raises(WinRMTransportError) as raised,
            bench.pool(auth=auth, encryption="never"),
        ):
            pass
        assert raised.value.code == 403
        with pytest.raises(AuthenticationError), bench.pool(auth="basic", encryption="never"):
            pass


def test_the_fault_of_wrong_passwords(bench: Bench) -> None:
    with bench.pool() as pool:
        bench.site.faults.wrong_password = True
        with pytest.raises(AuthenticationError):
            shell(pool, "Get-TlcNode").invoke()
        bench.site.faults.wrong_password = False


def test_an_untrusted_certificate(bench: Bench) -> None:
    with pytest.raises(requests.exceptions.SSLError), bench.pool(cert_validation=True):
        pass


def test_an_unknown_configuration(bench: Bench) -> None:
    with bench.wsman() as wsman, pytest.raises(WSManFaultError) as raised:
        RunspacePool(wsman, configuration_name="Nonsense").open()
    assert raised.value.code == 2150858752


def test_the_quota_of_shells(bench: Bench) -> None:
    with bench.wsman() as wsman:
        pools = [RunspacePool(wsman) for _ in range(31)]
        for pool in pools[:30]:
            pool.open()
        with pytest.raises(WSManFaultError) as raised:
            pools[30].open()
        assert raised.value.code == 2150859173
        pools[0].close()
        last = RunspacePool(wsman)
        last.open()


# -- nodes that are not well ---------------------------------------------------------------------
def test_a_node_without_power_resets_everybody(bench: Bench) -> None:
    with bench.wsman() as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        bench.site.faults.node_down("LAB-N1")
        with pytest.raises(requests.exceptions.ConnectionError) as raised:
            shell(pool, "Get-TlcNode").invoke()
        assert "reset" in str(raised.value).lower() or "aborted" in str(raised.value).lower()
        with (
            bench.wsman() as second,
            pytest.raises(requests.exceptions.ConnectionError) as raised,
        ):
            RunspacePool(second).open()
        assert not isinstance(raised.value, requests.exceptions.SSLError)
        bench.site.faults.node_up("LAB-N1")
        bench.site.clock.advance(30)
        # Its shells were lost with its memory.
        with pytest.raises(WSManFaultError) as gone:
            shell(pool, "Get-TlcNode").invoke()
        assert gone.value.code == 2150858843
    with bench.pool() as fresh:
        assert shell(fresh, "Get-TlcNode").invoke()


def test_a_frozen_node_accepts_and_never_answers(bench: Bench) -> None:
    with bench.pool() as pool, bench.wsman(read_timeout=1, connection_timeout=1) as impatient:
        bench.site.faults.freeze_node("LAB-N1")
        with socket.create_connection(("127.0.0.1", bench.server.ports["LAB-N1"]), timeout=1):
            pass
        started = time.monotonic()
        with pytest.raises(requests.exceptions.Timeout):
            RunspacePool(impatient).open()
        assert 0.8 < time.monotonic() - started < 4
        bench.site.faults.freeze_node("LAB-N1", False)
        assert shell(pool, "Get-TlcNode").invoke()
    with bench.pool("LAB-N2") as other:
        assert shell(other, "Get-TlcNode").invoke()


def test_a_slow_node(bench: Bench) -> None:
    with bench.pool() as pool:
        bench.site.faults.slow_node("LAB-N1", 0.1)
        started = time.monotonic()
        assert shell(pool, "Get-TlcNode").invoke()
        assert time.monotonic() - started > 0.2
        bench.site.faults.slow_node("LAB-N1", 0.0)


def test_malformed_json_and_an_answer_that_is_lost(bench: Bench) -> None:
    vm = next(iter(bench.site.vms.values()))
    with bench.pool() as pool:
        bench.site.faults.malformed_json("cluster")
        with pytest.raises(ValueError, match=r"."):
            json.loads(shell(pool, "Get-TlcCluster").invoke()[0])
        bench.site.faults.malformed_json("cluster", False)
    bench.site.faults.answer_lost_after_act = 1
    move = {"VMId": vm.vm_id, "ExpectedOwner": vm.owner, "OperationId": "op-1"}
    with bench.wsman() as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        with pytest.raises(requests.exceptions.ConnectionError):
            shell(pool, "Start-TlcLiveMigration", TargetNode="LAB-N4", **move).invoke()
    assert bench.site.counters[f"migrate:{vm.vm_id}"] == 1
