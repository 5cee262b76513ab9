"""Finds the trace in an image of the machine's RAM. abi/trace.h and abi/trace.def describe what is there."""
import collections
import os
import re
import struct

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WINDOW = 0xffffffc000000000     # where the kernel sees physical address 0
RAM_START = 0x80000000          # of QEMU's virt board
MAGIC = 0x6563617274736574
STATE = struct.Struct("<6Q")    # struct trace_state, before its heads
RECORD = struct.Struct("<QIIQQ")
APART = ("MEMBER", "NAME")      # events of the last ring

Record = collections.namedtuple("Record", "time event thread a b")
Trace = collections.namedtuple("Trace", "hz cpus names")   # cpus: a list of records each; names: see Names
Event = collections.namedtuple("Event", "name a b text")


class TraceError(Exception):
    """What is wrong, for the user."""


def events():
    """Number -> Event, from the rows of trace.def."""
    with open(os.path.join(TOP, "abi", "trace.def"), encoding="utf-8") as file:
        rows = re.findall(r'^TRACE\((\w+),\s*(\d+),\s*(\w+),\s*(\w+),\s*"(.*)"\)$', file.read(), re.MULTILINE)
    return {int(number): Event(name, a, b, text) for name, number, a, b, text in rows}


# ---- the kernel's symbols

def symbol(path, wanted):
    """Value of a symbol of a little-endian ELF64 file; None: there is none of that name."""
    with open(path, "rb") as file:
        elf = file.read()
    if elf[:6] != b"\x7fELF\x02\x01":
        raise TraceError(f"{path} is no 64-bit ELF file: name the kernel")
    offset, size, count = (*struct.unpack_from("<Q", elf, 40), *struct.unpack_from("<HH", elf, 58))
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, offset + i * size) for i in range(count)]
    for kind, start, length, link in ((s[1], s[4], s[5], s[6]) for s in sections):
        if kind != 2:           # SHT_SYMTAB
            continue
        names = sections[link][4]
        for at in range(start, start + length, 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", elf, at)
            if elf[names + name:elf.index(b"\0", names + name)].decode() == wanted:
                return value
    return None


def state_place(kernel):
    """Physical address of the kernel's struct trace_state."""
    place = symbol(kernel, "trace_state")
    if place is None:
        raise TraceError(f"{kernel} has no trace: run `make mode=debug all` and give --build build/riscv64-debug")
    return place - WINDOW


# ---- records

class Names:
    """Whose thread it was at what time: numbers are used again when objects are gone."""

    def __init__(self):
        self.tasks, self.members = {}, {}

    def add(self, record, event):
        if event == "NAME":
            text = struct.pack("<QQ", record.a, record.b).split(b"\0")[0].decode(errors="replace")
            self.tasks.setdefault(record.thread, []).append((record.time, text))
        else:
            self.members.setdefault(record.thread, []).append((record.time, record.a))

    @staticmethod
    def latest(rows, time):
        """The newest row not after `time`; what is older than all rows gets the first."""
        before = [row for row in rows if row[0] <= time]
        return (before or rows)[-1 if before else 0][1]

    def thread(self, number, time):
        if not number:
            return "nobody"
        task = self.latest(self.members[number], time) if number in self.members else None
        name = self.latest(self.tasks[task], time) if task in self.tasks else "thread"
        return f"{name}/{number:x}"


def read_ring(ram, start, size, head):
    """The newest records, oldest first. The oldest of a full ring may have been half overwritten: it is left out."""
    first = head - size + 1 if head >= size else 0
    records = []
    for n in range(first, head):
        at = start + n % size * RECORD.size
        records.append(Record(*RECORD.unpack_from(ram, at)))
    return records


def read(ram, kernel):
    """The Trace in `ram`, the bytes of the machine's RAM (an mmap will do)."""
    place = state_place(kernel) - RAM_START
    if not 0 <= place <= len(ram) - STATE.size:
        raise TraceError("the image is too small: is it all of the machine's RAM?")
    magic, hz, _, rings, size, records = STATE.unpack_from(ram, place)
    if magic != MAGIC or not hz or not 1 < rings <= 65 or not size:
        raise TraceError("the kernel has not set up its trace: it did not come that far, or it is another kernel")
    heads = struct.unpack_from(f"<{rings}Q", ram, place + STATE.size)
    start, known, names = records - RAM_START, events(), Names()
    if not 0 <= start <= len(ram) - rings * size * RECORD.size:
        raise TraceError("the trace lies outside the image: is it all of the machine's RAM?")
    lists = [read_ring(ram, start + i * size * RECORD.size, size, head) for i, head in enumerate(heads)]
    for record in lists.pop():
        if record.event in known and known[record.event].name in APART:
            names.add(record, known[record.event].name)
    return Trace(hz, lists, names)
