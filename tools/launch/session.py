"""One run of a machine, from its disk to its end: interactive, or for the sake of one command."""
import json
import mmap
import os
import sys
import tempfile
import threading
import time

from . import disk as disks
from .channel import Agent, Channel
from .errors import GuestError, LaunchError
from .machine import Machine
from tracing import chrome, image as trace

BOOT_PATIENCE = 300  # seconds that a guest may take until its agent answers
SIZE_PERIOD = 0.5    # between looks at the terminal's size
OFF_PATIENCE = 60    # seconds that it may take to power off


def run(options):
    """Runs the machine; returns the exit status."""
    folder = tempfile.mkdtemp(prefix="tessera-")
    machine = held = None
    try:
        disk, held = disks.choose(options, folder)
        machine = Machine(options, disk, folder)
        machine.start()
        if options.line is None:
            return interact(machine, options)
        return command(machine, options)
    finally:
        if machine:
            machine.kill()
            if options.trace:
                save_trace(machine, options)
            if machine.disk and os.path.dirname(machine.disk) != folder:
                disks.repair_if_unclean(machine.disk)
        if held:
            held.close()
        disks.remove_tree(folder)


def save_trace(machine, options):
    """However the machine ended: a trace of a panic is worth most. Failures are only said, the run has its own end."""
    try:
        with open(machine.ram, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as ram:
            found = trace.read(ram, options.kernel)
        with open(options.trace, "w", encoding="utf-8") as out:
            json.dump(chrome.convert(found), out, separators=(",", ":"))
    except (OSError, ValueError, trace.TraceError) as error:
        print(f"tessera: no trace: {error}", file=sys.stderr)


# ---- a command

def connect(machine):
    """The agent, when it has said hello."""
    agent = Agent(Channel(*machine.link, machine.watch))
    machine.allow_boot(BOOT_PATIENCE)
    agent.hello()
    machine.allow_boot(None)
    return agent


def command(machine, options):
    agent = connect(machine)
    try:
        for host, guest in options.put:
            agent.put(host, guest)
        status = agent.execute(options.line, sys.stdout.buffer, sys.stderr.buffer)
        fetch(agent, options, status)
    except GuestError:
        end(machine, agent)   # in order, for the disk's sake
        raise
    end(machine, agent)
    return status


def end(machine, agent):
    agent.power_off()
    if not machine.wait(OFF_PATIENCE):
        print(f"tessera: the guest did not power off within {OFF_PATIENCE} s and was stopped", file=sys.stderr)


def fetch(agent, options, status):
    """The results. After a command that failed, what is missing is said, but the command's status stays ours."""
    for guest, host in options.get:
        try:
            agent.get(guest, host)
        except GuestError as error:
            if status == 0:
                raise
            print(f"tessera: {error}", file=sys.stderr)


# ---- a person

def interact(machine, options):
    threading.Thread(target=attend, args=(machine, options), daemon=True).start()
    machine.wait(None)
    status = machine.process.returncode
    if status:
        print(f"tessera: the machine ended with status {status}", file=sys.stderr)
    return status if status >= 0 else 128 - status


def attend(machine, options):
    """Beside the person's session, when the agent is there: puts the files, and tells the terminal's size."""
    try:
        agent = Agent(Channel(*machine.link, lambda silent=True: None))
        agent.hello()
        tell_size(agent, None)
        for host, guest in options.put:
            agent.put(host, guest)
    except (LaunchError, OSError) as error:
        if options.put:
            print(f"\r\ntessera: {error}\r", file=sys.stderr)
        return
    follow_size(agent)


def tell_size(agent, known):
    """The size that the guest knows of now."""
    size = os.get_terminal_size(sys.stdin.fileno()) if sys.stdin.isatty() else known
    if size != known:
        agent.set_window(size.lines, size.columns)
    return size


def follow_size(agent):
    """Until the machine's end. Nobody misses this if it fails."""
    size = None
    try:
        while True:
            size = tell_size(agent, size)
            time.sleep(SIZE_PERIOD)
    except (LaunchError, OSError):
        pass
