"""Reads systems/NAME.toml into programs, services and images, and refuses what cannot run, with file and line."""
import os
import re
import tomllib
from dataclasses import dataclass, field

from idl.model import IdlError
from idl.parse import parse

from .lines import Lines

BUILTINS = ("log", "rom", "scheduler", "power", "init")  # what root and init give; enum system_builtin
RESTARTS = ("never", "always", "power-off")              # enum system_restart
ALWAYS_IN_ARCHIVE = ("root", "init")
NAME = re.compile(r"[a-z][a-z0-9_-]*")
ENTRY = re.compile(r"(?:([a-z][a-z0-9_-]*)=)?([a-z][a-z0-9_]*)(?::([a-z][a-z0-9_-]*))?((?:/[^\s/]+)+)?")
SIZE = re.compile(r"([0-9]+)([KMG]?)")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
PAGE = 4096
CPUS_MAX = 64

PROGRAM_KEYS = {"image": str, "args": list, "env": dict, "priority": int, "memory": str, "kmem": str, "restart": str,
                "serves": list, "uses": list, "devices": list, "via": str, "stdio": str, "cpu": int}
PROGRAM_REQUIRED = ("image", "priority", "memory", "kmem")
IMAGE_KEYS = {"size": str, "programs": list, "files": list, "folders": list, "archive": bool}
SYSTEM_KEYS = {"archive": list}
TYPE_NAMES = {str: "a text in quotes", int: "a number", list: "a list of texts", dict: "a table of texts",
              bool: "true or false"}


class SystemError_(Exception):
    """Errors of a page, each a line `file:line: what`."""

    def __init__(self, lines):
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass
class Service:
    name: str
    interface: str
    server: "Program"


@dataclass
class Link:
    """An entry of `serves` or `uses`: [LOCAL=]INTERFACE[:INSTANCE], in uses also with a /FILE, or a built-in name."""
    local: str
    interface: str
    instance: str
    line: int
    service: Service = None   # None if built in
    path: str = ""

    @property
    def builtin(self):
        return self.interface in BUILTINS and self.service is None


@dataclass
class Program:
    name: str
    line: int
    image: str = ""
    args: list = field(default_factory=list)
    env: dict = field(default_factory=dict)
    priority: int = 0
    cpu: int = 0
    memory: int = 0
    kmem: int = 0
    restart: str = "never"
    via_proc: bool = False
    stdio: str = None
    serves: list = field(default_factory=list)
    uses: list = field(default_factory=list)
    devices: list = field(default_factory=list)


@dataclass
class Image:
    """A file-system image: programs go to /bin; files are (path in the image, file on the host)."""
    name: str
    size: int = 0
    programs: list = field(default_factory=list)
    files: list = field(default_factory=list)
    folders: list = field(default_factory=list)
    in_archive: bool = False


@dataclass
class System:
    name: str
    file: str
    archive: list = field(default_factory=list)
    programs: list = field(default_factory=list)  # servers before their clients
    services: dict = field(default_factory=dict)  # by name
    images: list = field(default_factory=list)

    def archive_programs(self):
        """Programs that the boot archive holds, each once."""
        native = [p.image for p in self.programs if not p.via_proc]
        return list(dict.fromkeys([*ALWAYS_IN_ARCHIVE, *self.archive, *native]))


class Known:
    """What a page may name: programs that can be built, interfaces of proto/."""

    def __init__(self, native, posix, proto):
        self.native, self.posix, self.proto = set(native), set(posix), proto
        self.bases = {}

    def interface(self, name):
        return os.path.exists(os.path.join(self.proto, name + ".idl"))

    def extends(self, name, base):
        """True if interface `name` is `base` or extends it."""
        while name and name != base:
            name = self.base_of(name)
        return name == base

    def base_of(self, name):
        if name not in self.bases:
            path = os.path.join(self.proto, name + ".idl")
            with open(path, encoding="utf-8") as page:
                try:
                    self.bases[name] = parse(page.read(), path).base_name
                except IdlError as error:
                    raise SystemError_(error.lines) from error
        return self.bases[name]


class Reader:
    """Turns the parsed TOML into a System; collects all errors before it gives up."""

    def __init__(self, file, text, known, lenient):
        self.file, self.known, self.lenient = file, known, lenient
        self.lines = Lines(text)
        self.system = System(os.path.splitext(os.path.basename(file))[0], file)
        self.errors = []

    def error(self, line, message):
        self.errors.append((line, f"{self.file}:{line}: {message}"))

    def read(self, data):
        for key in data:
            if key not in ("system", "program", "image"):
                self.error(self.lines.key("", key) if key not in self.lines.tables else self.lines.table(key),
                           f"unknown table or key '{key}' (known: [system], [program.NAME], [image.NAME])")
        self.read_system(self.tables_of(data, "system", False))
        for name, table in self.tables_of(data, "image", True).items():
            self.system.images.append(self.read_image(name, table))
        for name, table in self.tables_of(data, "program", True).items():
            self.system.programs.append(self.read_program(name, table))
        self.connect()
        if not self.errors:
            self.sort_programs()
        if self.errors:
            raise SystemError_([text for _, text in sorted(self.errors)])
        return self.system

    # ---- tables and values

    def tables_of(self, data, key, of_tables):
        table = data.get(key, {})
        if not isinstance(table, dict):
            self.error(self.lines.key("", key), f"'{key}' is a table")
            return {}
        for name in [n for n, value in table.items() if of_tables and not isinstance(value, dict)]:
            self.error(self.lines.key(key, name), f"'{name}' is not in a table [{key}.NAME]")
            table = {n: v for n, v in table.items() if n != name}
        for name in [n for n in table if of_tables and not NAME.fullmatch(n)]:
            self.error(self.lines.table(f"{key}.{name}"), f"'{name}': names are lower case letters, digits, _ and -")
        return table

    def checked(self, path, table, keys, required=()):
        """The table without values of unknown keys or wrong types."""
        good = {}
        for key, value in table.items():
            line = self.lines.key(path, key)
            if key not in keys:
                self.error(line, f"unknown key '{key}' in [{path}] (known: {', '.join(keys)})")
            elif type(value) is not keys[key] or not self.all_texts(value):
                self.error(line, f"'{key}' must be {TYPE_NAMES[keys[key]]}")
            else:
                good[key] = value
        for key in required:
            if key not in table:
                self.error(self.lines.table(path), f"[{path}] has no '{key}'")
        return good

    @staticmethod
    def all_texts(value):
        items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
        return all(isinstance(item, str) and "\0" not in item for item in items)

    def size(self, path, key, text):
        """A size such as 256K: a multiple of a page, not 0."""
        match = SIZE.fullmatch(text)
        size = int(match.group(1)) * UNITS[match.group(2)] if match else 0
        if not match or size == 0 or size % PAGE or size >= 1 << 48:
            self.error(self.lines.key(path, key),
                       f"{key} = \"{text}\": a size is a number and K, M or G, a multiple of 4K")
            return PAGE
        return size

    # ---- [system], [image.NAME]

    def read_system(self, table):
        good = self.checked("system", table, SYSTEM_KEYS)
        self.system.archive = good.get("archive", [])
        for name in self.system.archive:
            self.check_native(name, self.lines.element("system", "archive", name))

    def check_native(self, name, line):
        if name not in self.known.native and not self.lenient:
            what = "a POSIX program, not one for the boot archive" if name in self.known.posix else "unknown"
            self.error(line, f"program '{name}' is {what}")

    def check_posix(self, name, line):
        if name not in self.known.posix and not self.lenient:
            what = "a native program, not a POSIX one" if name in self.known.native else "unknown"
            self.error(line, f"program '{name}' is {what}")

    def read_image(self, name, table):
        path = f"image.{name}"
        good = self.checked(path, table, IMAGE_KEYS, ("size",))
        image = Image(name, programs=good.get("programs", []), folders=good.get("folders", []),
                      in_archive=good.get("archive", False))
        image.size = self.size(path, "size", good.get("size", "4K"))
        for program in image.programs:
            self.check_posix(program, self.lines.element(path, "programs", program))
        for folder in image.folders:
            if not folder.startswith("/"):
                self.error(self.lines.element(path, "folders", folder), f"folder '{folder}' must start with /")
        for entry in good.get("files", []):
            self.read_file(image, entry, self.lines.element(path, "files", entry))
        return image

    def read_file(self, image, entry, line):
        target, _, source = entry.partition("=")
        if not target.startswith("/") or not source:
            self.error(line, f"file '{entry}': write \"/PATH/IN/IMAGE=FILE\"")
        elif not os.path.isfile(source):
            self.error(line, f"there is no file '{source}'")
        else:
            image.files.append((target, source))

    # ---- [program.NAME]

    def read_program(self, name, table):
        path = f"program.{name}"
        good = self.checked(path, table, PROGRAM_KEYS, PROGRAM_REQUIRED)
        program = Program(name, self.lines.table(path))
        for key in ("image", "args", "env", "priority", "restart", "stdio", "devices", "cpu"):
            if key in good:
                setattr(program, key, good[key])
        program.memory = self.size(path, "memory", good.get("memory", "4K"))
        program.kmem = self.size(path, "kmem", good.get("kmem", "4K"))
        self.check_values(path, program, good)
        program.serves = [self.link(path, "serves", entry) for entry in good.get("serves", [])]
        program.uses = [self.link(path, "uses", entry) for entry in good.get("uses", [])]
        self.check_locals(path, program)
        return program

    def check_values(self, path, program, good):
        key_line = lambda key: self.lines.key(path, key)
        if "priority" in good and not 1 <= program.priority <= 255:
            self.error(key_line("priority"), f"priority {program.priority}: 1 to 255")
        if not 0 <= program.cpu < CPUS_MAX:
            self.error(key_line("cpu"), f"cpu {program.cpu}: 0 to {CPUS_MAX - 1}")
        if "cpu" in good and "via" in good:
            self.error(key_line("cpu"), "cpu: `proc` chooses the CPUs of its processes")
        if program.restart not in RESTARTS:
            self.error(key_line("restart"), f"restart = \"{program.restart}\": one of {', '.join(RESTARTS)}")
        if good.get("via", "proc") != "proc":
            self.error(key_line("via"), f"via = \"{good['via']}\": only \"proc\" is known")
        program.via_proc = "via" in good
        for name in program.env:
            if "=" in name or not name:
                self.error(key_line("env"), f"env: bad name '{name}'")
        if program.image:
            self.check_image(path, program)

    def check_image(self, path, program):
        line = self.lines.key(path, "image")
        if not program.via_proc:
            self.check_native(program.image, line)
        elif not program.image.startswith("/bin/"):
            self.error(line, f"image '{program.image}' is started via proc: write its path, /bin/NAME")
        else:
            name = program.image[len("/bin/"):]
            self.check_posix(name, line)
            if not any(name in image.programs for image in self.system.images):
                self.error(line, f"no image has program '{name}' in its list")

    def link(self, path, key, entry):
        line = self.lines.element(path, key, entry)
        match = ENTRY.fullmatch(entry)
        if not match or (match.group(4) and key == "serves"):
            self.error(line, f"{key}: '{entry}': write \"[LOCAL=]INTERFACE[:INSTANCE]\"")
            return Link(entry, "", "", line)
        local, interface, instance, path = match.groups()
        if path and interface != "fs":
            self.error(line, f"{key}: '{entry}': only interface fs has files")
        builtin = key == "uses" and interface in BUILTINS and not instance
        if not builtin and not self.known.interface(interface):
            self.error(line, f"{key}: there is no interface '{interface}' ({self.known.proto}/{interface}.idl)")
            interface = ""
        return Link(local or match.group(2), interface, instance or match.group(2), line, path=path or "")

    def check_locals(self, path, program):
        seen = {}
        for link in program.serves + program.uses:
            if link.local in seen:
                self.error(link.line, f"program '{program.name}' has two capabilities named '{link.local}' "
                           f"(the other: line {seen[link.local]}); rename one: \"NAME={link.interface}:...\"")
            seen.setdefault(link.local, link.line)
        if program.stdio is not None and program.stdio not in [link.local for link in program.uses]:
            self.error(self.lines.key(path, "stdio"), f"stdio = \"{program.stdio}\" is not among what it uses")
        if program.stdio is not None and not program.via_proc:
            self.error(self.lines.key(path, "stdio"), "stdio is for programs started via proc")

    # ---- who serves whom

    def connect(self):
        for program in self.system.programs:
            for link in program.serves:
                self.add_service(program, link)
        for program in self.system.programs:
            for link in program.uses:
                self.find_service(program, link)
            if program.via_proc and not any(s.interface == "proc" for s in self.system.services.values()):
                self.error(self.lines.key(f"program.{program.name}", "via"),
                           "via = \"proc\", but no program serves proc")
        self.check_devices()

    def add_service(self, program, link):
        if not link.interface:
            return
        other = self.system.services.get(link.instance)
        if other:
            self.error(link.line, f"service '{link.instance}' is served by '{other.server.name}' already")
        else:
            link.service = self.system.services[link.instance] = Service(link.instance, link.interface, program)

    def find_service(self, program, link):
        service = self.system.services.get(link.instance)
        if not link.interface or (service is None and link.interface == link.instance and link.interface in BUILTINS):
            return
        if service is None:
            self.error(link.line, f"program '{program.name}' uses '{link.instance}', which no program serves")
        elif not self.known.extends(service.interface, link.interface):
            self.error(link.line,
                       f"service '{link.instance}' is of interface {service.interface}, not {link.interface}")
        else:
            link.service = service

    def check_devices(self):
        seen = {}
        for program in self.system.programs:
            for device in program.devices:
                line = self.lines.element(f"program.{program.name}", "devices", device)
                if device in seen:
                    self.error(line, f"device '{device}' is given to '{seen[device]}' already")
                seen.setdefault(device, program.name)

    def servers_of(self, program):
        """(server, line) of everything that must run before the program."""
        found = [(link.service.server, link.line) for link in program.uses if link.service]
        if program.via_proc:
            proc = next(s.server for s in self.system.services.values() if s.interface == "proc")
            found.append((proc, program.line))
        return found

    def sort_programs(self):
        """Servers before clients, else in the order of the page; a cycle is an error that names its members."""
        order, state = [], {}

        def visit(program, path):
            state[program.name] = "open"
            for server, line in self.servers_of(program):
                if state.get(server.name) == "open":
                    names = [p.name for p in path + [program]]
                    cycle = names[names.index(server.name):] + [server.name]
                    self.error(line, f"cycle: {' uses '.join(cycle)}")
                elif server.name not in state:
                    visit(server, path + [program])
            state[program.name] = "done"
            order.append(program)

        for program in self.system.programs:
            if program.name not in state:
                visit(program, [])
        self.system.programs = order


def load(file, known, lenient=False):
    """The checked system; `lenient` accepts programs that nothing builds (for drawing). Raises SystemError_."""
    with open(file, encoding="utf-8") as page:
        text = page.read()
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = where.group(1) if where else len(text.splitlines())
        raise SystemError_([f"{file}:{line}: {re.sub(r' *[(]at .*[)]$', '', str(error))}"]) from error
    return Reader(file, text, known, lenient).read(data)
