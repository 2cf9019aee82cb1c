"""Answers to questions about the fleet's past."""

import asyncio

from console.backends import BackendError
from console.channel import chores
from console.model.fleet_moment import FleetMoment
from console.model.freshness import Fault, FaultCode
from console.worker.fleet_past import NO_FLEET, FleetPast
from console.worker.fleet_watch import FleetWatch
from console.worker.redaction import Redaction

Question = chores.ReadFleetMoment | chores.ReadFleetChanges | chores.CompareFleet
Answer = chores.FleetMomentRead | chores.FleetChangesRead | chores.FleetCompared


async def answer(fleet: FleetWatch | None, past: FleetPast | None, asked: Question) -> Answer:
    """Of a fleet that is not read yet no moment can be told: it is worked out of what is known."""
    if isinstance(asked, chores.ReadFleetChanges):
        if past is None:
            return chores.FleetChangesRead(asked.token, ())
        span = (asked.subject, asked.since, asked.until, asked.count)
        found, back_to = await asyncio.to_thread(past.changes, *span)
        return chores.FleetChangesRead(asked.token, found, back_to)
    if isinstance(asked, chores.CompareFleet):
        if past is None:
            return chores.FleetCompared(asked.token, ())
        found, back_to = await asyncio.to_thread(past.difference, asked.since, asked.until)
        return chores.FleetCompared(asked.token, found[: asked.count], len(found), back_to)
    if fleet is None:
        return chores.FleetMomentRead(asked.token, FleetMoment(asked.at), NO_FLEET)
    return chores.FleetMomentRead(asked.token, *await fleet.moment(asked.at))


def not_opened(error: Exception, redaction: Redaction) -> Fault:
    """Why the fleet is not read in this session."""
    if isinstance(error, BackendError):
        return redaction.of_fault(error.fault) or error.fault
    return Fault(
        FaultCode.REJECTED,
        "The fleet cannot be read.",
        remedy="Look at the connection's settings, and open the connection again.",
        detail=redaction(f"{type(error).__name__}: {error}"),
    )
