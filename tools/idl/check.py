"""Refuses pages that parse but cannot be: clashes of names and numbers, messages that do not fit."""
import os

from .model import IdlError, ITEMS_MAX, WORDS_MAX
from .parse import parse

C_WORDS = set("""auto break case char const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    bool true false cap_t err_t u8 u16 u32 u64 i32 i64""".split())
STUB_WORDS = {"gate", "m", "error", "self", "bad", "handlers", "result", "next", "end"}  # names that the stubs use


class Checker:
    def __init__(self, interface):
        self.interface = interface
        self.errors = []

    def error(self, line, message):
        self.errors.append((line, f"{self.interface.file}:{line}: {message}"))

    def run(self):
        self.check_interface_name()
        self.check_constants()
        self.check_methods()
        if self.errors:
            raise IdlError([text for _, text in sorted(self.errors)])

    def check_interface_name(self):
        interface = self.interface
        expected = os.path.splitext(os.path.basename(interface.file))[0]
        if interface.name != expected:
            self.error(interface.line, f"interface '{interface.name}' stands in a page named '{expected}'")
        if not interface.methods:
            self.error(interface.line, f"interface '{interface.name}' has no methods")

    def check_constants(self):
        seen = {}
        for constant in self.interface.constants:
            self.check_unique(seen, constant, f"constant '{constant.name}'")
            if not constant.name.isupper():
                self.error(constant.line, f"constant '{constant.name}': constants are in capitals")
            if constant.name.startswith("OP_"):
                self.error(constant.line, f"constant '{constant.name}': OP_ is for the methods' numbers")
            if not -(1 << 31) <= constant.value < 1 << 31:
                self.error(constant.line, f"constant '{constant.name}' does not fit an int")

    def check_methods(self):
        names, numbers = {}, {}
        for base in self.interface.ancestors():
            for method in base.methods:
                numbers[method.number] = f"'{method.name}' of '{base.name}'"
        for method in self.interface.methods:
            self.check_unique(names, method, f"method '{method.name}'")
            if method.number in numbers:
                self.error(method.line, f"method '{method.name}': number {method.number} is taken by "
                           f"{numbers[method.number]}")
            numbers[method.number] = f"'{method.name}'"
            if not 1 <= method.number < 0x8000:
                self.error(method.line, f"method '{method.name}': numbers are 1..32767 (0x8000 on are the kernel's)")
            self.check_message(method, method.args, method.request, "request")
            self.check_message(method, method.results, method.reply, "reply")

    def check_unique(self, seen, thing, what):
        if thing.name in seen:
            self.error(thing.line, f"{what} is defined already in line {seen[thing.name]}")
        seen.setdefault(thing.name, thing.line)
        if thing.name in C_WORDS:
            self.error(thing.line, f"{what}: '{thing.name}' means something in C")

    def check_message(self, method, params, layout, what):
        seen = {}
        for param in params:
            label = f"method '{method.name}': parameter '{param.name}'"
            self.check_unique(seen, param, label)
            if param.name in STUB_WORDS:
                self.error(param.line, f"{label}: the stubs use this name themselves")
            if param.type == "bytes" and param.limit == 0:
                self.error(param.line, f"{label}: room for 0 bytes")
        if layout.words_max() > WORDS_MAX:
            self.error(method.line, f"method '{method.name}': its {what} takes up to {layout.words_max()} words, "
                       f"a message has {WORDS_MAX}")
        if len(layout.items) > ITEMS_MAX:
            self.error(method.line, f"method '{method.name}': its {what} has {len(layout.items)} map items, "
                       f"a message has {ITEMS_MAX}")


def load_interface(path, opened=()):
    """Parses and checks a page and those that it extends; returns (interface, files read)."""
    with open(path, encoding="utf-8") as page:
        interface = parse(page.read(), path)
    files = [path]
    if interface.base_name:
        base_path = os.path.join(os.path.dirname(path), interface.base_name + ".idl")
        if interface.base_name in opened or interface.base_name == interface.name:
            raise IdlError([f"{path}:{interface.line}: '{interface.name}' extends itself"])
        if not os.path.exists(base_path):
            raise IdlError([f"{path}:{interface.line}: there is no page {base_path} to extend"])
        interface.base, base_files = load_interface(base_path, (*opened, interface.name))
        files += base_files
    Checker(interface).run()
    return interface, files
