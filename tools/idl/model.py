"""The tree that a page is parsed into, and how its messages are laid out in words."""
from dataclasses import dataclass, field

SCALARS = {"u64": "u64", "u32": "u32", "i64": "i64", "i32": "i32"}
ITEMS = ("cap", "page")
WORDS_MAX = 96      # MSG_WORDS_MAX of abi/invoke.h (the generated headers assert it)
ITEMS_MAX = 8       # MSG_ITEMS_MAX
REGISTER_WORDS = 8  # MSG_REGS
STRUCT_RESULTS = 6  # so many scalar results or more come in a struct


class IdlError(Exception):
    """One or more errors of a page, each a line `file:line: what`."""

    def __init__(self, lines):
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass
class Param:
    type: str           # u64 u32 i64 i32 bytes cap page
    name: str
    line: int
    limit: int = 0      # bytes: most that may be carried


@dataclass
class Method:
    name: str
    number: int
    args: list
    results: list
    line: int
    comment: list = field(default_factory=list)

    def __post_init__(self):
        self.request = Layout(self.args)
        self.reply = Layout(self.results)


@dataclass
class Constant:
    name: str
    value: int
    line: int
    comment: list = field(default_factory=list)


@dataclass
class Interface:
    name: str
    file: str
    line: int
    base_name: str = None
    base: "Interface" = None
    constants: list = field(default_factory=list)
    methods: list = field(default_factory=list)
    comment: list = field(default_factory=list)

    def ancestors(self):
        """The interfaces that this one extends, nearest first."""
        found, base = [], self.base
        while base:
            found.append(base)
            base = base.base
        return found


class Layout:
    """Where the parameters of a message stand.

      word 0        operation in requests, error in replies
      1 .. fixed-1  scalars, in the order of the page
      fixed ..      byte strings, in the order of the page: length in bytes, then the bytes, eight to a word
      items         capabilities and pages, in the order of the page
    """

    def __init__(self, params):
        self.scalars = [p for p in params if p.type in SCALARS]
        self.strings = [p for p in params if p.type == "bytes"]
        self.items = [p for p in params if p.type in ITEMS]
        self.fixed = 1 + len(self.scalars)

    def words_max(self):
        return self.fixed + sum(1 + (p.limit + 7) // 8 for p in self.strings)

    def in_registers(self):
        """True if every word of the message travels in registers."""
        return not self.strings and self.fixed <= REGISTER_WORDS

    def as_struct(self):
        """True if the scalars are so many that C passes them in a struct."""
        return len(self.scalars) >= STRUCT_RESULTS
