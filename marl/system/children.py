"""Child processes that end with their parent."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.process import BaseProcess

from marl.system.interrupts import ignore_signals

__all__ = ["follow_parent"]

PR_SET_PDEATHSIG = 1
"""Operation of Linux's ``prctl``; see its manual."""

SECONDS_BETWEEN_LOOKS = 1.0


def follow_parent(thread_lasts: bool = True) -> None:
    """Ignore the signals that ask a run to stop, and end when the parent is gone; to be called first in a child.

    Args:
        thread_lasts: False if the parent's thread that started this process may end before it.
    """
    ignore_signals()
    parent = multiprocessing.parent_process()
    assert parent is not None
    if thread_lasts and sys.platform == "linux":  # acts at once, even on compiled code that keeps Python from running
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with, args=(parent, os.getppid()), daemon=True).start()


def _end_with(parent: BaseProcess, starter: int) -> None:
    # the sentinel tells of a parent gone before this; but forked siblings hold it open, so the starter counts, too
    while parent.is_alive() and os.getppid() == starter:
        parent.join(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGKILL)
