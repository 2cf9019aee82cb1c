"""Secrets are struck out however they are written, in logs too."""

import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from console.model.freshness import Fault, FaultCode
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
    assert SECRET not in repr(redaction.of_fault(fault))
    assert redaction.of_fault(None) is None


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
