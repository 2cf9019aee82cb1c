"""Secrets are struck out however they are written, in logs too."""

import json
import logging
import os
import stat
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec
import pytest

from console.model.finding import Finding, Severity
from console.model.freshness import Fault, FaultCode, Wire, WireReading, cut
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.virtual_machine import AzureFacts, VirtualMachine, VmKind
from console.worker import log_file
from console.worker.redaction import Redaction

SECRET = 'p<a>ss"w&rd\\1'


@pytest.fixture
def redaction() -> Redaction:
    redaction = Redaction()
    redaction.learn([SECRET, "ab", ""])
    return redaction


def test_plain_json_xml_and_bearer(redaction: Redaction) -> None:
    for written in (SECRET, json.dumps({"password": SECRET}), escape(SECRET)):
        assert "w&rd" not in redaction(written).replace("&amp;", "&")
    assert redaction("Authorization: Bearer eyJ0eXAi.abc-123") == "Authorization: Bearer •••"
    assert redaction("about the tab") == "about the tab"


def test_faults(redaction: Redaction) -> None:
    fault = Fault(FaultCode.REJECTED, f"no {SECRET}", detail=f"body: {SECRET}")
    assert "w&rd" not in repr(redaction.of_fault(fault))
    assert redaction.of_fault(None) is None


def test_snapshots_and_findings() -> None:
    redaction = Redaction()
    redaction.learn([SECRET])
    fault = Fault(FaultCode.REJECTED, f"echo {SECRET}")
    vm = VirtualMachine("k", "vm", VmKind.AZURE_LOCAL, azure=AzureFacts("/id"))
    failed = msgspec.structs.replace(vm, azure=AzureFacts("/id", error_message=f"{SECRET}!"))
    snapshot = ClusterSnapshot(
        ClusterInfo("c"),
        vms=(vm, failed),
        arm=WireReading(Wire.ARM, faults=(fault,)),
        cluster_wire=WireReading(Wire.CLUSTER, faults=(fault,)),
    )
    clean = redaction.of_snapshot(snapshot)
    assert "w&rd" not in repr(clean)
    assert clean.vms[0] is vm
    finding = Finding("runner", Severity.UNKNOWN, SECRET, SECRET, SECRET)
    assert "w&rd" not in repr(redaction.of_findings([finding]))


def test_half_a_letter_becomes_one_that_can_be_written() -> None:
    assert Redaction()("half \ud83d of it") == "half ? of it"


@pytest.mark.parametrize("most", range(1, 60))
def test_a_text_cut_in_the_middle_of_a_secret_keeps_nothing_of_it(most: int) -> None:
    redaction = Redaction()
    redaction.learn(["Zx81-long-Kanari-pä55word"])
    told = redaction(f"Azure said: {cut('body Zx81-long-Kanari-pä55word and more', most)} Sorry.")
    assert "Zx8" not in told
    assert "55word" not in told
    assert ("•••" in told) is (most > len("body Zx"))


def test_a_secret_that_somebody_else_cut_is_known_by_its_beginning() -> None:
    redaction = Redaction()
    redaction.learn(["Zx81-long-Kanari-pass"])
    assert redaction("they wrote Zx81-long-Kan and stopped") == "they wrote ••• and stopped"
    assert redaction("Zx81 is a model") == "Zx81 is a model"


@pytest.mark.parametrize(
    "written",
    [
        json.dumps({"p": 'ä"b\\c-Secret'}, ensure_ascii=False),
        json.dumps(json.dumps({"p": 'ä"b\\c-Secret'})),
        json.dumps(json.dumps({"p": 'ä"b\\c-Secret'}, ensure_ascii=False), ensure_ascii=False),
        urllib.parse.quote_plus('ä"b\\c-Secret'),
        repr('ä"b\\c-Secret'),
    ],
)
def test_other_peoples_ways_of_writing(written: str) -> None:
    redaction = Redaction()
    redaction.learn(['ä"b\\c-Secret'])
    assert "Secret" not in redaction(written)


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    root.handlers[:], root.level = handlers, level


def test_the_log_file_is_private_one_line_an_entry_and_clean(
    tmp_path: Path, redaction: Redaction, root_logger: logging.Logger
) -> None:
    log_file.to_stderr(redaction)
    log_file.to_file(tmp_path, redaction)
    logging.getLogger("console.worker").info("two\nlines with %s", SECRET)
    logging.getLogger("azure.core").info("whole request")
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("console.worker").exception("failed")
    path = tmp_path / log_file.FILE_NAME
    text = path.read_text(encoding="utf-8")
    assert "two\\nlines with •••" in text
    assert "ValueError: •••" in text
    assert SECRET not in text
    assert "whole request" not in text
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(
    tmp_path: Path, redaction: Redaction, root_logger: logging.Logger
) -> None:
    (tmp_path / "file").write_text("in the way")
    count = len(root_logger.handlers)
    log_file.to_file(tmp_path / "file" / "state", redaction)
    assert len(root_logger.handlers) == count
