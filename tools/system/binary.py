"""Writes a checked system as the system page that init reads. lib/tess/system_page.h is the format's description."""
import struct

from .page import BUILTINS, RESTARTS

MAGIC = 0x67617073
VERSION = 1
NONE = 0xffffffff
VIA_PROC = 1
CPU_SHIFT = 8
HEADER = struct.Struct("<4I14I")
PROGRAM = struct.Struct("<6I2Q10I")
SERVICE = struct.Struct("<3I")
SERVE = struct.Struct("<2I")
USE = struct.Struct("<4I")
TEXT = struct.Struct("<I")


class Strings:
    """The string table: each text once, ended by NUL."""

    def __init__(self):
        self.data = bytearray(b"\0")
        self.known = {"": 0}

    def add(self, text):
        if text not in self.known:
            self.known[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self.known[text]


class Tables:
    """The tables in the making; each add returns a range (first, count)."""

    def __init__(self):
        self.strings = Strings()
        self.rows = {"programs": [], "services": [], "serves": [], "uses": [], "devices": [], "texts": []}

    def add(self, table, rows):
        first = len(self.rows[table])
        self.rows[table] += rows
        return first, len(rows)

    def add_texts(self, table, texts):
        return self.add(table, [TEXT.pack(self.strings.add(text)) for text in texts])


def compile_page(system):
    """The page as bytes."""
    tables = Tables()
    service_row = {name: row for row, name in enumerate(system.services)}
    program_row = {program.name: row for row, program in enumerate(system.programs)}
    for service in system.services.values():
        tables.add("services", [SERVICE.pack(tables.strings.add(service.name), tables.strings.add(service.interface),
                                             program_row[service.server.name])])
    for program in system.programs:
        tables.add("programs", [program_bytes(program, tables, service_row)])
    return assemble(system, tables)


def program_bytes(program, tables, service_row):
    text = tables.strings.add
    serves = tables.add("serves", [SERVE.pack(service_row[link.service.name], text(link.local))
                                   for link in program.serves])
    uses = tables.add("uses", [use_bytes(link, text, service_row) for link in program.uses])
    stdio = NONE
    if program.stdio is not None:
        stdio = uses[0] + [link.local for link in program.uses].index(program.stdio)
    ranges = (*tables.add_texts("texts", [program.name, *program.args]),
              *tables.add_texts("texts", [f"{name}={value}" for name, value in program.env.items()]),
              *serves, *uses, *tables.add_texts("devices", program.devices))
    flags = (VIA_PROC if program.via_proc else 0) | program.cpu << CPU_SHIFT
    return PROGRAM.pack(text(program.name), text(program.image), program.priority, RESTARTS.index(program.restart),
                        flags, stdio, program.memory, program.kmem, *ranges)


def use_bytes(link, text, service_row):
    if link.service is None:
        return USE.pack(1 + BUILTINS.index(link.interface), NONE, text(link.local), 0)
    return USE.pack(0, service_row[link.service.name], text(link.local), text(link.path))


def assemble(system, tables):
    """Header, tables and strings, each table on an 8-byte boundary."""
    name = tables.strings.add(system.name)
    body, directory = bytearray(), []
    for rows in tables.rows.values():
        directory += [HEADER.size + len(body), len(rows)]
        body += b"".join(rows)
        body += bytes(-(HEADER.size + len(body)) % 8)
    directory += [HEADER.size + len(body), len(tables.strings.data)]
    body += tables.strings.data
    return HEADER.pack(MAGIC, VERSION, HEADER.size + len(body), name, *directory) + body
