"""Defects planted on purpose: each is a small change of product code that the suite must catch.

As a pytest plugin (``-p tests.faults.plant``, the defect's name in ``TLC_PLANTED``) it changes the
code before any test is collected. A defect is text of a function replaced by other text; if the
product changed so that the text is gone, planting fails loudly and the entry is to be renewed.
"""

import importlib
import inspect
import os
import textwrap
from collections.abc import Sequence
from typing import Any

import msgspec

VARIABLE = "TLC_PLANTED"

_JOURNAL = "tests/unit/worker/test_journal.py::test_"
_RUNNER = "tests/unit/worker/test_runner.py::test_"
_RECOVERY = "tests/unit/worker/test_recovery.py::test_"
_MOVE = "tests/unit/operations/test_live_migrate.py::test_"
_OTHERS = "tests/unit/operations/test_others.py::test_"
_LINES = "tests/unit/worker/test_journal_lines.py::test_"
_WAITING = "tests/unit/worker/test_waiting_for_others.py::test_"
_MAINTENANCE = "tests/unit/operations/test_maintenance.py::test_"
_ACTS = "tests/unit/backends/test_arm_acts.py::test_"
_REDACTION = "tests/unit/worker/test_redaction.py::test_"
_JOBS = "tests/unit/backends/test_arm_jobs.py::test_"
_CLUSTER = "backends.azure_local.failover_cluster"
_FAULTS = "tests/faults/"


class Defect(msgspec.Struct, frozen=True):
    """``where`` is module:object; ``was`` becomes ``now``; ``detector`` must fail with it."""

    name: str
    where: str
    was: str
    now: str
    detector: str


def _d(name: str, where: str, was: str, now: str, detector: str) -> Defect:
    return Defect(name, f"console.{where}", was, now, detector)


_ALL: Sequence[Defect] = (
    # -- looking before sending ----------------------------------------------------------------
    _d("skipped look", "operations.one_move:OneMove.run",
       "if was_sent:\n        ended", "if False:\n        ended",
       f"{_MOVE}after_a_restart_an_arrived_vm_is_not_sent_again"),
    _d("no late-arrival window", "operations.one_move:OneMove._look_first",
       "(0.0, _LATE_ARRIVAL_S)", "(0.0,)",
       f"{_MOVE}after_a_restart_a_vm_still_at_home_is_sent_once_after_the_window"),
    _d("window by the wall clock", "operations.one_move:OneMove._look_first",
       "in range(round(wait / _LATE_ARRIVAL_STEP_S)):",
       "in iter(lambda end=context.now() + wait: context.now() < end, False):",
       f"{_MOVE}a_jump_of_the_wall_clock_neither_shortens_nor_stretches_the_window"),
    _d("third node not seen", "operations.one_move:OneMove._look_first",
       "if owner != request.source:", "if False:",
       f"{_MOVE}after_a_restart_a_third_node_supersedes"),
    _d("verify skipped for a move", "operations.one_move:_arrived", "if wrong:", "if False:",
       f"{_MOVE}a_vm_that_arrives_without_its_vtpm_is_no_success"),
    _d("verify skipped for a creation", "operations.create_virtual_machine:_as_ordered",
       "if wrong:", "if False:", f"{_OTHERS}a_creation_that_came_out_standard_is_a_failure"),
    _d("POST again after a restart", "operations.change_power_state:ChangePowerStateOperation.run",
       "if earlier is None:", "if True:",
       f"{_OTHERS}power_sent_before_a_restart_and_never_answered_is_unknown"),
    _d("somebody else's name taken", "operations.create_virtual_machine:_make",
       "if existing.operation_id != context.operation_id:", "if False:",
       f"{_OTHERS}a_name_that_is_taken_is_a_conflict_and_nothing_is_put_on_it"),
    _d("PUT on a foreign resource", "backends.azure_local.arm_acts:ArmActs._refuse_foreign",
       "found.operation_id != operation_id", "False",
       f"{_ACTS}somebody_elses_resource_of_that_name_is_left_alone"),
    _d("what may have left is told as not sent", "operations.one_move:OneMove.run",
       "if error.was_sent:", "if False:", f"{_MOVE}what_may_have_left_is_not_sent_again"),
    _d("nothing unsent is tried again", "worker.context:RunContext.may_send_again",
       "if self.cancel_requested or fault.code not in MAY_PASS | IS_WAITED_FOR:", "if True:",
       "tests/unit/worker/test_contact.py::"
       "test_what_did_not_leave_is_tried_for_as_long_as_the_wire_is_waited_for"),
    _d("a failed move told as arrived", "operations.one_move:OneMove._verify",
       "if state is JobState.FAILED and fault is not None and owner != request.source:",
       "if False:", f"{_MOVE}a_move_that_failed_is_never_told_as_arrived"),
    _d("a cut handshake told as a certificate", "backends.azure_local.node_faults:code_of",
       "if isinstance(error, requests.exceptions.Timeout):",
       "if isinstance(error, requests.exceptions.SSLError):\n"
       "        return FaultCode.UNTRUSTED_CERTIFICATE\n"
       "    if isinstance(error, requests.exceptions.Timeout):",
       "tests/unit/backends/test_node_session.py::test_every_failure_has_its_own_code"),
    _d("retries without a budget", "backends.retry_budget:RetryBudget.spend",
       "if cost > self._left:", "if False:",
       "tests/unit/worker/test_contact.py::"
       "test_500_operations_on_a_silent_wire_do_not_all_come_again_at_once"),
    # -- journal -------------------------------------------------------------------------------
    _d("NORMAL sync", "worker.journal_schema:_set_durable", '"synchronous=FULL"',
       '"synchronous=NORMAL"', f"{_JOURNAL}file_is_private_durable_and_append_only"),
    _d("NORMAL sync, and not asked back", "worker.journal_schema:_set_durable",
       'if mode != "wal" or synchronous != 2:',
       'connection.execute("PRAGMA synchronous=NORMAL")\n    if False:',
       f"{_FAULTS}test_power_loss.py::test_no_acknowledged_row_is_lost_whenever_the_power_goes"),
    _d("lost fsync of what is set aside", "worker.journal_schema:copy_aside",
       "_sync_file(Path(", "str(Path(",
       f"{_JOURNAL}what_is_set_aside_is_on_the_disk_before_the_damaged_file_is_replaced"),
    _d("no commit", "worker.journal_store:JournalStore._transaction",
       'self._connection.execute("COMMIT")', "pass",
       f"{_JOURNAL}what_is_appended_comes_back_in_order"),
    _d("half a group", "worker.journal_store:JournalStore._append_group",
       'self._connection.execute("ROLLBACK TO one_group")', "pass",
       f"{_JOURNAL}the_same_operation_is_not_taken_twice"),
    _d("intent taken twice", "worker.journal_store:JournalStore._insert_operation",
       "INSERT INTO operation", "INSERT OR IGNORE INTO operation",
       f"{_JOURNAL}the_same_operation_is_not_taken_twice"),
    _d("dropped hash", "worker.journal_chain:chained",
       "(previous, *content)", "previous",
       f"{_FAULTS}test_damage.py::test_damage_of_every_kind_is_never_a_crash_and_never_silent"),
    _d("chain not looked at", "worker.journal_chain:first_broken",
       "return broken", "return None", f"{_JOURNAL}a_changed_row_is_found_and_the_others_are_kept"),
    _d("newer version opened", "worker.journal_schema:_check",
       "if version > LATEST:", "if False:",
       f"{_JOURNAL}a_newer_journal_is_refused_and_left_alone"),
    _d("I/O error called damage", "worker.journal_schema:judged",
       "return JournalUnusableError(str(error))", "return JournalDamagedError(str(error))",
       f"{_JOURNAL}a_disk_that_fails_while_opening_is_not_a_damaged_journal"),
    _d("file moved away not noticed", "worker.journal_store:JournalStore.append",
       "if _identity_of(self._path) != self._identity:", "if False:",
       f"{_JOURNAL}a_file_moved_away_is_noticed"),
    _d("no instance lock", "instance_lock:_try_lock",
       "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass",
       f"{_JOURNAL}a_second_console_is_refused_in_words"),
    # -- runner --------------------------------------------------------------------------------
    _d("send before intent", "worker.context:RunContext.sending",
       "await self._log.must_write(Sending(step, command, seen))", "pass",
       f"{_RECOVERY}a_crash_at_every_point_loses_and_doubles_nothing"),
    _d("intent not awaited", "worker.runner:Runner.submit",
       "await self._journal.append(plan.line)",
       "asyncio.ensure_future(self._journal.append(plan.line)).add_done_callback(repr)",
       f"{_RUNNER}an_intent_that_the_disk_does_not_take_is_refused"),
    _d("FAILED on a lost answer", "worker.running:Run._after", "if self.log.sent:", "if False:",
       f"{_RUNNER}an_answer_that_got_lost_is_unknown_then_found_by_looking"),
    _d("unknown is a go", "worker.judging:rule_on", "case Verdict.UNKNOWN:",
       "case Verdict.UNKNOWN:\n            return Ruling.GO",
       f"{_RUNNER}what_cannot_be_established_blocks_with_both_wires_up"),
    _d("locks ignored", "worker.admission:Admission.serve", "if ticket.locks & held:", "if False:",
       f"{_RUNNER}moves_of_one_vm_wait_for_each_other"),
    _d("slot limit ignored", "worker.admission:Admission.serve",
       "used[node] < max(1, self._limit(node))", "True",
       f"{_RUNNER}slots_bound_the_moves_of_a_node_and_positions_are_told"),
    _d("cancel said to be done at once", "worker.runner:Runner._ask_to_stop",
       "await run.log.write(CancelAsked(self._actor))\n    run.cancel()",
       "await run.log.write(StateEntered(_S.CANCELED))\n    run.cancel()",
       f"{_RUNNER}cancel_while_queued_and_while_running"),
    _d("recovery starts anew", "worker.runner:Runner._taken_up", "sent_steps(lines)", "()",
       f"{_RECOVERY}a_move_still_going_on_is_taken_up_not_sent_again"),
    _d("lost lines believed complete", "worker.running:Run.live",
       "if any(sent.step == UNREADABLE_STEP for sent in self.log.sent):", "if False:",
       f"{_RECOVERY}an_operation_with_lost_lines_is_never_sent_again_by_itself"),
    _d("outcome shown before it is durable", "worker.operation_log:OperationLog.settle",
       "attempt += 1", "break", f"{_RUNNER}a_disk_that_fills_up_under_a_move_loses_nothing"),
    _d("unbounded poll wish", "worker.context:RunContext._delay",
       "min(max(asked, self._pace.poll_least), self._pace.poll_most)", "asked",
       f"{_RUNNER}a_server_that_asks_to_wait_a_day_is_asked_again_in_minutes"),
    _d("a bar that runs backwards", "worker.context:_never_back",
       "if before is None or", "if True or",
       "tests/unit/worker/test_bar.py::test_a_bar_never_runs_backwards"),
    # -- plans ---------------------------------------------------------------------------------
    _d("waits for nobody", "worker.running:Run._is_its_turn_in_the_plan",
       "if not after or self.ticket.is_ready:", "if True:",
       f"{_WAITING}one_begins_only_when_the_other_is_done"),
    _d("goes on after a failure", "worker.running:Run._why_not_after",
       "ended.state is _S.SUCCEEDED or", "True or",
       f"{_WAITING}what_must_succeed_and_did_not_is_told_and_nothing_begins"),
    _d("a stop forgotten by a crash", "worker.runner:Runner.recover",
       "if group is not None and group.stop_requested:", "if False:",
       f"{_WAITING}a_stop_that_a_crash_cut_short_holds_after_the_restart"),
    _d("order forgotten by a crash", "worker.runner:Runner.recover",
       "in_queue_order(histories)", "histories",
       f"{_WAITING}the_new_order_survives_a_restart"),
    _d("safe without looking at storage", "operations.prove_node_empty:_of_others",
       "elif seen.storage_jobs:", "elif False:",
       f"{_MAINTENANCE}nothing_is_safe_while_anything_is_left"),
    _d("safe though it cannot be read", "operations.prove_node_empty:_of_node",
       "if seen.accepts_azure_placement is None:", "if False:",
       f"{_MAINTENANCE}what_cannot_be_read_is_no_proof"),
    _d("half a maintenance called done", "operations.pause_node:PauseNodeOperation._verify",
       "if open_text:", "if False:",
       f"{_MAINTENANCE}a_node_that_azure_still_uses_is_not_called_done"),
    # -- the fold ------------------------------------------------------------------------------
    _d("last terminal wins", "worker.journal_lines:apply", "if record.is_over:", "if False:",
       f"{_LINES}nothing_follows_the_first_ending"),
    _d("fold trusts the order", "worker.journal_lines:_enter",
       "if state is not record.state and state not in TRANSITIONS[record.state]:", "if False:",
       f"{_LINES}a_transition_that_is_not_allowed_is_passed_over"),
    # -- wires ---------------------------------------------------------------------------------
    _d("acts retried by the SDK", "backends.azure_local.arm_acts:ArmActs._send",
       '"retry_total": 0, ', "", f"{_ACTS}whatever_comes_back_it_is_sent_once"),
    _d("PUT repeated by aiohttp", "backends.azure_local.arm_pipeline:_never_send_again",
       'if request.method == "GET":', "if True:", f"{_ACTS}whatever_comes_back_it_is_sent_once"),
    _d("unbounded Retry-After", "backends.azure_local.arm_jobs:clamp",
       "min(", "max(", f"{_JOBS}retry_after_is_a_wish_within_bounds"),
    _d("accepted foreign host", "backends.azure_local.connections:ArmConnection.may_see_token",
       "_host_and_port(parts.hostname, parts.port) in allowed", "True",
       f"{_ACTS}a_status_url_elsewhere_never_sees_the_token"),
    _d("an id that leads elsewhere", "backends.azure_local.arm_paths:parse",
       "not _SEGMENT.fullmatch(part)", "False",
       "tests/unit/backends/test_arm_bodies.py::test_what_is_no_resource_id_is_refused"),
    _d("no owner guard", f"{_CLUSTER}:_compare_and_move",
       '"ExpectedOwner": source', '"ExpectedOwner": ""',
       "tests/contract/test_backend_contract.py::"
       "test_a_vm_that_is_no_longer_where_it_was_seen_is_not_moved"),
    _d("act tried on every node", "backends.azure_local.node_sessions:NodeSessions.act",
       "if error.was_sent:", "if False:",
       "tests/unit/backends/test_failover_cluster.py::"
       "test_an_act_goes_to_another_node_only_if_it_surely_did_not_leave"),
    _d("act repeated in a new shell",
       "backends.azure_local.node_session:PypsrpNodeSession._attempt",
       "not command.was_sent or (is_gone and not command.is_act)", "True",
       "tests/unit/backends/test_node_session.py::test_an_act_that_may_have_landed_is_not_repeated"),
    # -- secrets -------------------------------------------------------------------------------
    _d("missing redaction", "worker.redaction:Redaction.__call__",
       "text = text.replace(secret, _MASK)", "return text",
       f"{_REDACTION}plain_json_xml_and_bearer"),
    _d("echo in a reading kept", "worker.redaction:Redaction.of_snapshot",
       "arm=self._of_reading(snapshot.arm)", "arm=snapshot.arm",
       f"{_REDACTION}snapshots_and_findings"),
    _d("cut secret not known", "worker.redaction:_without_parts", "if CUT in text:", "if False:",
       f"{_REDACTION}a_text_cut_in_the_middle_of_a_secret_keeps_nothing_of_it"),
    _d("secret journalled", "worker.operation_log:OperationLog._without_secrets",
       "strike = self._redaction", "return body",
       f"{_RUNNER}a_bug_in_an_operation_ends_that_operation_and_leaks_nothing"),
    _d("secret logged", "worker.log_file:_WithoutSecrets.format",
       "self._redaction(super().format(record))", "logging.Formatter.format(self, record)",
       f"{_REDACTION}the_log_file_is_private_one_line_an_entry_and_clean"),
    _d("secrets kept for ever", "worker.runner:Runner._live",
       "await asyncio.to_thread(self._secrets.forget, name)", "pass",
       f"{_RUNNER}secrets_are_recalled_after_a_restart_and_forgotten_at_the_end"),
)  # fmt: skip
DEFECTS = {defect.name: defect for defect in _ALL}


def plant(defect: Defect) -> None:
    """Change the product in this process, for good."""
    module_name, _, path = defect.where.partition(":")
    module = importlib.import_module(module_name)
    *outer, name = path.split(".")
    holder: Any = module
    for part in outer:
        holder = getattr(holder, part)
    known = inspect.getattr_static(holder, name)
    source = textwrap.dedent(inspect.getsource(known))
    places = source.count(defect.was)
    if places != 1:
        raise ValueError(f"{defect.name}: its text is {places} times in {defect.where}")
    made: dict[str, Any] = {}
    exec(compile(source.replace(defect.was, defect.now), defect.where, "exec"), vars(module), made)
    setattr(holder, name, made[name])


def pytest_configure() -> None:
    """pytest calls this before it collects."""
    name = os.environ.get(VARIABLE)
    if name:
        plant(DEFECTS[name])
