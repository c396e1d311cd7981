"""Ends a program whose parent is gone, so that no service outlives the test run."""

import ctypes
import os
import signal
import threading
import time


def exit_with_parent():
    """Watches the parent from a thread of its own."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def die_with_parent():
    """Runs in a child before its program starts: the kernel kills it when its parent ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
