"""Who works with what others leave: clicks and pages go before what nobody waits for."""

import os
from contextlib import suppress

_LAZIEST = 19


def give_way(much: int, *, pid: int = 0) -> None:
    """Let a process work behind this one's present rank; where that is refused, it works beside it.

    Args:
        much: steps of niceness, from where this process is.
        pid: which process; 0 is this one.
    """
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    # It ended already; or a sandbox allows nobody to say so, and all that it costs is the order.
    with suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, min(_LAZIEST, ours + much))
