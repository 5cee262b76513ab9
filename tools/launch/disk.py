"""Disks of a machine: scratch copies, kept ones, and what is done after an unclean stop."""
import fcntl
import os
import shutil
import struct
import subprocess
import sys

from .errors import LaunchError

TOOLS = ("e2fsck",)
MAGIC_AND_STATE = (1024 + 0x38, "<HH")  # offsets in an ext4 superblock: magic, state
MAGIC = 0xef53
CLEAN = 1


def copy_sparse(source, target):
    """A copy that takes no more room than the data."""
    done = subprocess.run(["cp", "--sparse=always", source, target], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise LaunchError(f"cannot copy the disk to {target}: {done.stderr.strip()}: make room there or set TMPDIR")


def scratch(image, folder):
    """A copy of the system's disk that lives as long as the machine."""
    path = os.path.join(folder, "scratch.ext4")
    copy_sparse(image, path)
    return path


def kept(image, folder, name):
    """The disk that interactive runs of a system share. A newer build starts a new one; the old stays beside it."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".ext4")
    if os.path.exists(path) and os.path.getmtime(path + ".made") < os.path.getmtime(image):
        os.replace(path, path + ".old")
        print(f"tessera: the system was rebuilt: new disk, the old one is {path}.old", file=sys.stderr)
    if not os.path.exists(path):
        copy_sparse(image, path)
        with open(path + ".made", "w", encoding="utf-8"):
            pass
    return path


def is_ext4(path):
    return state(path)[0] == MAGIC


def is_clean(path):
    magic, flags = state(path)
    return magic != MAGIC or bool(flags & CLEAN)


def state(path):
    offset, layout = MAGIC_AND_STATE
    with open(path, "rb") as image:
        image.seek(offset)
        data = image.read(struct.calcsize(layout))
    return struct.unpack(layout, data) if len(data) == struct.calcsize(layout) else (0, 0)


def lock(path):
    """Takes the disk for this run: two machines on one would destroy it, and so would repairing a mounted one.

    Returns the open file; the lock goes with it, or with the launcher."""
    file = open(path, "rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise LaunchError(f"disk {path} is in use by another run: end that one, or give this one a copy "
                          "with --disk") from error
    return file


def repair_if_unclean(path):
    """After an unclean stop: e2fsck -p, and says so."""
    if is_clean(path):
        return
    done = subprocess.run(["e2fsck", "-p", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode > 2:
        raise LaunchError(f"disk {path} was not shut down and needs a look: run `e2fsck -f {path}`")
    print(f"tessera: disk {path} was not shut down: repaired with e2fsck -p", file=sys.stderr)


def system_image(options):
    """The disk image that the system's build made, or None if it has none."""
    path = os.path.join(options.build, "systems", options.system + ".disk.ext4")
    return path if os.path.exists(path) else None


def choose(options, folder):
    """The disk for this run and its lock, or None twice; repaired if it was left unclean."""
    if options.disk:
        path = options.disk
    else:
        image = system_image(options)
        if not image:
            return None, None
        if options.line is not None:
            path = scratch(image, folder)
            return path, lock(path)
        path = kept(image, os.path.join(os.path.dirname(options.build), "disks"), options.system)
    held = lock(path)
    repair_if_unclean(path)
    return path, held


def remove_tree(folder):
    shutil.rmtree(folder, ignore_errors=True)
