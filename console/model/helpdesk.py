"""What a helpdesk console may do: read, start, restart. Asked by the window and the worker."""

from console.model.request import ChangePowerState, PowerAction, Request

REASON = "This console is in helpdesk mode: it reads, starts and restarts VMs."
REMEDY = "Ask an operator or an administrator of this cluster."
_MAY = (PowerAction.START, PowerAction.RESTART)


def may(request: Request) -> bool:
    """Whether a helpdesk console may ask for this. The platform's rules come on top."""
    return isinstance(request, ChangePowerState) and request.action in _MAY
