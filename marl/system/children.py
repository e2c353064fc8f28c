"""Child processes that end with their parent."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.process import BaseProcess

from marl.system.interrupts import ignore_signals

__all__ = ["follow_parent", "outlive_parent_shortly"]

PR_SET_PDEATHSIG = 1
"""Operation of Linux's ``prctl``; see its manual."""

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_SAVE = 3.5
"""Together with a look less than 5."""


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


def outlive_parent_shortly(grace: float = SECONDS_TO_SAVE) -> None:
    """End this process some seconds after its parent is gone, if it has not ended by itself.

    Args:
        grace: seconds in which it may save.
    """
    threading.Thread(target=_end_after, args=(os.getppid(), grace), daemon=True).start()


def _end_after(starter: int, grace: float) -> None:
    while os.getppid() == starter:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    time.sleep(grace)
    os.kill(os.getpid(), signal.SIGKILL)


def _end_with(parent: BaseProcess, starter: int) -> None:
    # the sentinel tells of a parent gone before this; but forked siblings hold it open, so the starter counts, too
    while parent.is_alive() and os.getppid() == starter:
        parent.join(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGKILL)
