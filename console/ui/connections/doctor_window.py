"""``Help > Check this computer``: what ``tlconsole doctor`` says, in a window, to be copied."""

import codecs
import os
from collections.abc import Sequence

from PySide6.QtCore import QProcess, QProcessEnvironment, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from console.ui.connections.words import words
from console.ui.forms.outlined import outline
from console.ui.window_size import open_at


class DoctorWindow(QDialog):
    """Runs ``command`` (program and arguments) as a child of its own; closing it ends the child.

    The rest of the console goes on beside it.
    """

    def __init__(self, command: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doctor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Check this computer")
        self.said = words(self, "doctor_words")
        self.said.setText("Looking; addresses that do not answer take some seconds each…")
        self.text = QPlainTextEdit(self)
        self.text.setObjectName("doctor_text")
        self.text.setAccessibleName("What this computer has for connecting")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        outline(self.text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.copy = buttons.addButton("C&opy all", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setObjectName("copy_report")
        self.copy.clicked.connect(lambda _=False: self._copy())
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.said)
        layout.addWidget(self.text, 1)
        layout.addWidget(buttons)
        metrics = self.fontMetrics()
        open_at(self, 110 * metrics.averageCharWidth(), 30 * metrics.height())
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        # Of the parent: it is ended first and let go of afterwards, so that nobody waits for it.
        self._process = QProcess(parent)
        surroundings = QProcessEnvironment.systemEnvironment()
        surroundings.insert("PYTHONUNBUFFERED", "1")
        surroundings.insert("PYTHONIOENCODING", "utf-8")
        self._process.setProcessEnvironment(surroundings)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        self.finished.connect(lambda _: self._let_go())
        program, *arguments = command
        self._process.start(program, arguments)

    def _read(self) -> None:
        told = self._decoder.decode(bytes(self._process.readAllStandardOutput().data()))
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(told.replace(os.linesep, "\n"))

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if status is QProcess.ExitStatus.CrashExit or code not in (0, 1):
            self.said.setText("The check ended early; what it found until then stands below.")
        elif code:
            self.said.setText("Something failed. The lines that say FAILED name what to do.")
        else:
            self.said.setText("Nothing failed. There is no secret in this text.")

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.said.setText(f"The check did not start: {self._process.errorString()}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _let_go(self) -> None:
        process = self._process
        process.readyReadStandardOutput.disconnect(self._read)
        process.finished.disconnect(self._ended)
        process.errorOccurred.disconnect(self._failed)
        if process.state() is QProcess.ProcessState.NotRunning:
            process.deleteLater()
        else:
            process.finished.connect(process.deleteLater)
            process.kill()
