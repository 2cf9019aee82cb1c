"""Asks the cluster what it remembers of figures, when a person wants to see it."""

import asyncio
import logging

from console.backends import Backend, BackendError
from console.channel import chores
from console.model.freshness import Fault, FaultCode
from console.worker.redaction import Redaction

_log = logging.getLogger(__name__)
# More than one node's patience: a person does not wait while many silent nodes are tried.
_AT_MOST_S = 60.0


async def read_performance(
    question: chores.ReadPerformance, backend: "asyncio.Future[Backend]", redaction: Redaction
) -> chores.PerformanceRead:
    """The history, or the fault that says why there is none; never an exception."""
    try:
        async with asyncio.timeout(_AT_MOST_S):
            wires = await asyncio.shield(backend)
            history = await wires.read_performance(question.subject, question.frame)
    except BackendError as error:
        return chores.PerformanceRead(question.token, None, redaction.of_fault(error.fault))
    except TimeoutError:
        fault = _fault(FaultCode.TIMED_OUT, "The cluster did not tell its history in time.")
        return chores.PerformanceRead(question.token, None, fault)
    except Exception as error:  # what cannot be read is told, and costs nothing else
        _log.exception("the performance history could not be read")
        text = "The history could not be read."
        fault = _fault(FaultCode.MALFORMED, text, redaction(f"{type(error).__name__}: {error}"))
        return chores.PerformanceRead(question.token, None, fault)
    return chores.PerformanceRead(question.token, history)


def _fault(code: FaultCode, summary: str, detail: str = "") -> Fault:
    return Fault(
        code,
        summary,
        remedy="Try again; if it stays, look at the connection.",
        kept="What was seen in this window stays.",
        detail=detail,
    )
