from __future__ import annotations

import subprocess
import sys
import time

from processes import is_alive, wait_until_gone

SCRIPT = """
import ctypes, multiprocessing, threading, time
from marl.system.children import follow_parent

def work(thread_lasts):
    follow_parent(thread_lasts)
    if thread_lasts:
        ctypes.PyDLL(None).sleep(60)  # compiled code that lets no other thread of Python run
    time.sleep(60)

def start(thread_lasts):
    child = multiprocessing.get_context("fork").Process(target=work, args=(thread_lasts,))
    child.start()
    print(child.pid, flush=True)

start(True)
thread = threading.Thread(target=start, args=(False,))
thread.start()
thread.join()
print("both begun", flush=True)
time.sleep(60)
"""


def test_children_end_when_their_parent_is_killed_and_not_with_the_thread_that_started_them() -> None:
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    *children, _ = (parent.stdout.readline().strip() for _ in range(3))
    time.sleep(0.2)  # for a child to follow, and for a thread to have ended
    try:
        assert all(is_alive(int(child)) for child in children)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert all(wait_until_gone(int(child)) for child in children)


LATE = """
import os, time
from marl.system.children import outlive_parent_shortly

if os.fork() == 0:
    outlive_parent_shortly(0.5)
    print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_a_process_has_some_seconds_after_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", LATE], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    killed = time.monotonic()
    assert is_alive(child)
    assert wait_until_gone(child)
    assert time.monotonic() - killed >= 0.5
