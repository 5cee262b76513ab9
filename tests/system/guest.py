"""Booting the shell's system from tests: one command by the launcher, or a terminal to type into."""
import os
import re
import shutil
import subprocess
import sys

import pexpect

from conftest import BUILD, HOST, TOP

LAUNCHER = [sys.executable, os.path.join(TOP, "tools", "tessera"), "run", "--build", BUILD]
IMAGE = os.path.join(BUILD, "systems", "shell.disk.ext4")
APPS = os.path.join(TOP, HOST, "apps")
CPUS = ["--cpus", os.environ.get("TESSERA_CPUS", "1")]
PATIENCE = 120  # seconds for one boot and what is done with it

# What the tests run on, by name; conftest.py says when.
MACHINES = {
    "qemu": [],
    "mosaic": ["--machine", "mosaic"],
    "mosaic-timed": ["--machine", "mosaic", "--timed"],
}
PROMPT = re.compile(rb"\r?\n?/[^\r\n]* \$ $")


class Place:
    """The machine that tests run on at present."""
    name = "qemu"

    @classmethod
    def arguments(cls):
        return MACHINES[cls.name]

    @classmethod
    def patience(cls, seconds):
        """Simulated cores are slower, with the timing model even more."""
        return seconds * {"mosaic": 4, "mosaic-timed": 20}.get(cls.name, 1)


def launch(*arguments, patience=PATIENCE, text=True):
    """Runs the launcher with these arguments; returns the finished process."""
    patience = Place.patience(patience)
    command = [*LAUNCHER, *CPUS, *Place.arguments(), "--timeout", str(patience), *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=text, timeout=patience + 30,
                          check=False)


def guest(line, *arguments, **options):
    """Runs a command line in the guest's shell; returns the finished process."""
    return launch("--exec", line, *arguments, **options)


def output(line, *arguments):
    """As guest, for commands that must succeed without a message; returns what they print."""
    done = guest(line, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def new_disk(folder, name="disk.ext4"):
    """A copy of the system's disk, to be used by several boots."""
    path = os.path.join(folder, name)
    subprocess.run(["cp", "--sparse=always", IMAGE, path], check=True)
    return path


def small_disk(folder):
    """The same with 64 MiB: soon full, on slow machines too."""
    path = new_disk(folder)
    resize2fs = shutil.which("resize2fs", path=os.environ["PATH"] + ":/sbin:/usr/sbin")
    subprocess.run([resize2fs, "-f", path, "64M"], check=True, capture_output=True)
    os.truncate(path, 64 << 20)
    return path


def check_disk(path):
    """What e2fsck says of a disk that was shut down: nothing may be wrong."""
    e2fsck = shutil.which("e2fsck", path=os.environ["PATH"] + ":/sbin:/usr/sbin")
    done = subprocess.run([e2fsck, "-fn", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


class Terminal:
    """An interactive run: a person at the serial console. Use as a context."""

    def __init__(self, disk, *arguments, log=None):
        self.child = pexpect.spawn(LAUNCHER[0], [*LAUNCHER[1:], *CPUS, *Place.arguments(), "--disk", disk, *arguments],
                                   timeout=Place.patience(PATIENCE), maxread=65536, echo=False)
        self.child.logfile_read = open(log, "wb") if log else None

    def __enter__(self):
        self.child.expect(PROMPT)
        return self

    def __exit__(self, *_):
        self.child.close(force=True)

    def run(self, line):
        """Types a line; returns what the command prints, up to the next prompt."""
        self.child.send(line + "\r")
        self.child.expect(re.escape(line.encode()) + b"\r*\n")
        self.child.expect(PROMPT)
        return self.child.before.decode(errors="replace").replace("\r", "")

    def end(self, line):
        """Types a line that ends the machine; returns the launcher's exit status."""
        self.child.send(line)
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus
