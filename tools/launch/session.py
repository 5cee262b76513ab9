"""One run of a machine, from its disk to its end: interactive, or for the sake of one command."""
import os
import sys
import tempfile
import threading

from . import disk as disks
from .channel import Agent, Channel
from .errors import GuestError, LaunchError
from .machine import Machine

BOOT_PATIENCE = 300  # seconds that a guest may take until its agent answers
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
            if machine.disk and os.path.dirname(machine.disk) != folder:
                disks.repair_if_unclean(machine.disk)
        if held:
            held.close()
        disks.remove_tree(folder)


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
    for host, guest in options.put:
        agent.put(host, guest)
    status = agent.execute(options.line, sys.stdout.buffer, sys.stderr.buffer)
    fetch(agent, options, status)
    agent.power_off()
    if not machine.wait(OFF_PATIENCE):
        print(f"tessera: the guest did not power off within {OFF_PATIENCE} s and was stopped", file=sys.stderr)
    return status


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
    if options.put:
        threading.Thread(target=put_files, args=(machine, options), daemon=True).start()
    machine.wait(None)
    status = machine.process.returncode
    if status:
        print(f"tessera: the machine ended with status {status}", file=sys.stderr)
    return status if status >= 0 else 128 - status


def put_files(machine, options):
    """Beside the person's session: puts the files when the agent is there."""
    try:
        agent = Agent(Channel(*machine.link, lambda silent=True: None))
        agent.hello()
        for host, guest in options.put:
            agent.put(host, guest)
    except (LaunchError, OSError) as error:
        print(f"\r\ntessera: {error}\r", file=sys.stderr)
