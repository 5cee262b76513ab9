#!/usr/bin/python3
"""Stands in for qemu-system-riscv64: understands the launcher's options and behaves as FAKE_QEMU says.

agent (default)  the host build of apps/agent at the other end of the command channel
silent           nothing ever answers
panic, exit      prints a panic line; ends at once with status 3
garbage, version sends nonsense; says hello as another version
"""
import os
import re
import signal
import subprocess
import sys
import time

BEHAVIOUR = os.environ.get("FAKE_QEMU", "agent")
TEXT = " ".join(sys.argv)


def log(text):
    match = re.search(r"file,id=console,path=(\S+)", TEXT)
    with open(match.group(1), "ab") as out:
        out.write(text.encode())


def main():
    fd = int(re.search(r"socket,id=channel,fd=(\d+)", TEXT).group(1))
    with open(os.environ["FAKE_QEMU_ARGS"], "w", encoding="utf-8") as out:
        out.write("\n".join(sys.argv[1:]))
    log("OpenSBI\r\nsaid panic: in the middle of a line\r\n")
    if BEHAVIOUR == "exit":
        sys.exit("qemu: no such machine")
    if BEHAVIOUR == "garbage":
        os.write(fd, b"\xff" * 64)
    if BEHAVIOUR == "version":
        os.write(fd, b"\x09\0\0\0Htessera 0")
    if BEHAVIOUR == "panic":
        log("panic: kernel: it broke\r\n")
    if BEHAVIOUR == "nodisk":
        log("fs: refused: it has nonsense\r\n")
        time.sleep(1)  # the launcher looks in between
        log("fs: no file system: error 1\r\n")
    if BEHAVIOUR != "agent":
        time.sleep(60)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    os.environ["FAKE_QEMU_PID"] = str(os.getpid())
    agent = subprocess.run([os.environ["FAKE_AGENT"], "-"], stdin=fd, stdout=fd, check=False)
    sys.exit(agent.returncode)


main()
