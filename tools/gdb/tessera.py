"""gdb commands that show what the kernel knows: who is there, who waits for whom, who pays for what.

    gdb-multiarch -x tools/gdb/tessera.py build/riscv64-release/kernel.elf
    (gdb) target remote :1234          # QEMU started with -s
    (gdb) tessera threads
    (gdb) tessera factories
"""
import gdb

KINDS = ["?", "task", "thread", "factory", "gate", "irq", "icu", "scheduler", "semaphore", "sc", "log"]
STATES = ["ready", "stopped", "wait", "wait (limited)", "calling", "calling (limited)", "sending", "down"]


def container(pointer, type_name, field):
    kind = gdb.lookup_type(f"struct {type_name}")
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == field)
    return (pointer.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer())


def entries(head, type_name, field):
    """Elements of an intrusive list."""
    link = head["next"]
    while link != head.address:
        yield container(link, type_name, field)
        link = link["next"]


def objects(factory, kind=None):
    """Objects made from the factory and from all below it."""
    for o in entries(factory["objects"], "object", "siblings"):
        if kind is None or KINDS[int(o["type"])] == kind:
            yield o
        if KINDS[int(o["type"])] == "factory":
            yield from objects(container(o, "factory", "object"), kind)


def root_factory():
    return gdb.parse_and_eval("&factory_root")


def threads():
    return [container(o, "thread", "object") for o in objects(root_factory(), "thread")]


def number(address, cache={}):
    """Small numbers instead of addresses; the same within one session."""
    return cache.setdefault(int(address), len(cache) + 1)


def partner(t):
    """Whom the thread waits for."""
    state = STATES[int(t["state"])]
    if state.startswith("calling"):
        slot = int(t["answer_from"])
        for other in threads():
            if int(other["reply"].address) == slot:
                return f"thread {number(other)}"
        return "a kept reply"
    if state == "sending":
        gate = t["sending_to"]
        return f"thread {number(gate['receiver'])} (gate label {int(gate['label']):#x})"
    return ""


def show_threads():
    print(f"{'thread':>6} {'task':>5} {'state':18} {'prio':>4} {'pc':>14} {'waits for'}")
    for t in threads():
        priority = int(t["sc"]["priority"]) if int(t["sc"]) else "-"
        print(f"{number(t):6} {number(t['task']):5} {STATES[int(t['state'])]:18} {priority:>4} "
              f"{int(t['hot']['pc']):14x} {partner(t)} kind {int(t['call_kind'])} fault {int(t['fault_value']):x}")


def show_factory(f, depth=0):
    count = {}
    for o in entries(f["objects"], "object", "siblings"):
        name = KINDS[int(o["type"])]
        count[name] = count.get(name, 0) + 1
    print("  " * depth + f"factory {number(f)}: {int(f['used']) // 1024}K of {int(f['quota']) // 1024}K, "
          + ", ".join(f"{n} {k}" for k, n in sorted(count.items())))
    for o in entries(f["objects"], "object", "siblings"):
        if KINDS[int(o["type"])] == "factory":
            show_factory(container(o, "factory", "object"), depth + 1)


class Tessera(gdb.Command):
    """tessera threads | factories"""

    def __init__(self):
        super().__init__("tessera", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if argument == "factories":
            show_factory(root_factory())
        else:
            show_threads()


Tessera()
