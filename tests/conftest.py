"""What all tests share: where things are, and how to run a command with a time limit."""
import os
import signal
import subprocess

import pytest

# A runner may have been started with these ignored (nohup, a background job): what is tested must not inherit that.
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("TESSERA_BUILD", os.path.join(TOP, "build", "riscv64-release"))
HOST = os.environ.get("TESSERA_HOST", os.path.join(TOP, "build", "host"))


def run(command, timeout=60, **options):
    """Runs a command from the top of the tree; returns the finished process with its output as text."""
    options.setdefault("cwd", TOP)
    options.setdefault("text", True)
    return subprocess.run(command, timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **options)


@pytest.fixture
def top():
    return TOP
