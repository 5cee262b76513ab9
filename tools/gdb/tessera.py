"""gdb commands that show what the kernel knows: who is there, who waits for whom, who holds what, who pays for it.

    gdb-multiarch -x tools/gdb/tessera.py build/riscv64-debug/kernel.elf
    (gdb) target remote :1234          # QEMU started with -s; Mosaic with --gdb PORT
    (gdb) tessera threads | tasks | caps [TASK] | maps [TASK] | queues | quotas | trace [COUNT] | all

Threads and other objects go by the same numbers as in the kernel's own dumps. Release kernels do as well, but they know
no names of tasks, no times, and have no trace. docs/debugging.md has examples.
"""
import struct

import gdb

FPAGE_START, FPAGE_MASK = 12, 0xfff
SLOT_RIGHTS, LEAVES, PER_LEAF = 0xf, 128, 256
SV39_LEVELS, PTE_V, PTE_RX = 3, 1, 0x2 | 0x8
WINDOW = 0xffffffc000000000


# ---- the kernel's types

def enum_names(kind, prefix):
    """Number -> name of an enumeration, without the prefix."""
    return {f.enumval: f.name[len(prefix):].lower() for f in gdb.lookup_type(kind).fields()}


def object_names():
    return enum_names("enum object_number", "OBJ_")


def has_field(type_name, field):
    return any(f.name == field for f in gdb.lookup_type(type_name).fields())


def container(pointer, type_name, field):
    kind = gdb.lookup_type(f"struct {type_name}")
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == field)
    return (pointer.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer())


def at(address, type_name):
    return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer())


def entries(head, type_name, field):
    """Elements of an intrusive list."""
    link = head["next"]
    while link != head.address:
        yield container(link, type_name, field)
        link = link["next"]


def tree_nodes(node):
    """Nodes of a search tree, in order."""
    if int(node):
        yield from tree_nodes(node["child"][0])
        yield node
        yield from tree_nodes(node["child"][1])


def optional(name):
    try:
        return gdb.parse_and_eval(name)
    except gdb.error:
        return None


# ---- objects

def factories(factory=None, depth=0):
    factory = factory or gdb.parse_and_eval("&factory_root")
    yield factory, depth
    for o in entries(factory["objects"], "object", "siblings"):
        if object_names()[int(o["type"])] == "factory":
            yield from factories(container(o, "factory", "object"), depth + 1)


def objects(kind):
    """All objects of a kind, as what they are."""
    for factory, _ in factories():
        for o in entries(factory["objects"], "object", "siblings"):
            if object_names()[int(o["type"])] == kind:
                yield container(o, kind, "object")


def number(o):
    """Of a struct object: the same as debug_number in the kernel."""
    offset = int(o.address) - int(gdb.parse_and_eval("pool_start"))
    return offset // 16 if 0 <= offset < 1 << 36 else 0


def task_name(task):
    if not int(task):
        return "-"
    name = task["name"].string(errors="replace", length=16).split("\0")[0] if has_field("struct task", "name") else ""
    return f"{name or 'task'}/{number(task['object']):x}"


def thread_name(thread):
    if not int(thread) or int(thread) == int(gdb.parse_and_eval("&thread_nobody")):
        return "nobody"
    return f"{number(thread['object']):x} ({task_name(thread['task'])})"


def cpus():
    return [gdb.parse_and_eval(f"cpu_table[{i}]") for i in range(int(gdb.parse_and_eval("cpu_count")))]


def slots(task):
    """(index, slot) of all that are not empty."""
    none = optional("slot_leaf_none")
    for leaf in range(LEAVES):
        base = task["slots"][leaf]
        if none is not None and int(base) == int(none.address):
            continue
        for i in range(PER_LEAF):
            if int(base[i]["word"]):
                yield leaf * PER_LEAF + i, base[i]


def slot_object(slot):
    return at(int(slot["word"]) & ~SLOT_RIGHTS, "struct object").dereference()


def letters(rights, names):
    return "".join(name if rights >> i & 1 else "-" for i, name in enumerate(names))


# ---- threads

def answerer(thread):
    """Who holds the right to answer the thread."""
    slot = int(thread["answer_from"])
    for other in objects("thread"):
        if int(other["reply"].address) == slot:
            return thread_name(other)
    size = gdb.lookup_type("struct slot").sizeof * PER_LEAF
    for task in objects("task"):
        if any(0 <= slot - int(task["slots"][leaf]) < size for leaf in range(LEAVES)):
            return "kept by " + task_name(task)
    return "nobody"


def waits_for(thread, state):
    if state.startswith("calling"):
        return "for an answer of " + answerer(thread)
    if state == "sending":
        gate = thread["sending_to"]
        return f"at gate {number(gate.dereference()):x} until received by {thread_name(gate['receiver'])}"
    if state.startswith("wait"):
        if int(thread["recv_open"]):
            return "for anybody"
        source = thread["recv_from"]
        return f"for irq {number(source.dereference()):x}" if int(source) else "for its time"
    return ""


def since(thread):
    """Ticks when it began to wait."""
    return int(thread["since"]) if has_field("struct thread", "since") else 0


def show_threads(_):
    states = enum_names("enum thread_state", "THREAD_")
    running = {int(c["current"]) for c in cpus()}
    print(f"{'thread':>6} {'state':10} pri cpu {'since/tick':>12} {'pc':>12} task, waits")
    for t in objects("thread"):
        state = states.get(int(t["state"]) & 0xff, "?")
        shown = "running" if int(t) in running else state.split("_")[0]
        priority = int(t["sc"]["priority"]) if int(t["sc"]) else 0
        print(f"{number(t['object']):6x} {shown:10} {priority:3} {int(t['cpu']['id']):3} {since(t):12} "
              f"{int(t['hot']['pc']):12x} {task_name(t['task'])} {waits_for(t, state)}".rstrip())


# ---- tasks

def chosen(argument):
    """The tasks that an argument (name or number) means; all without one."""
    return [t for t in objects("task")
            if not argument or argument in (task_name(t), *task_name(t).split("/"))]


def show_tasks(argument):
    for t in chosen(argument):
        threads = [number(th["object"]) for th in entries(t["threads"], "thread", "in_task")]
        print(f"{task_name(t)}: {int(t['caps'])} capabilities, {int(t['space']['pages'])} pages, threads "
              + " ".join(f"{n:x}" for n in threads))


def describe_slot(index, slot):
    o, node = slot_object(slot), slot["node"]
    if int(node) == int(gdb.parse_and_eval("&node_reply")):
        return f"  {index:5} reply to {thread_name(container(o.address, 'thread', 'object'))}"
    kind, parent = object_names().get(int(o["type"]), "?"), node["parent"]
    text = f"  {index:5} {kind:9} {number(o):6x} {letters(int(slot['word']), 'ucdp')}"
    if kind == "gate":
        text += f" label {int(o['label']):x} to {thread_name(o['receiver'])}"
    if int(parent) and int(parent["task"]):
        text += ", from " + task_name(parent["task"])
    return text


def show_caps(argument):
    for t in chosen(argument):
        print(f"{task_name(t)}: {int(t['caps'])} capabilities")
        for index, slot in slots(t):
            print(describe_slot(index, slot))


# ---- memory

class Pages:
    """What the kernel knows of its pages, by page number: addresses wrap like the kernel's own."""

    def __init__(self, first):
        self.first, self.size = int(first), first.dereference().type.sizeof

    def __getitem__(self, page):
        return at((self.first + page * self.size) & (1 << 64) - 1, "struct page_info").dereference()


def table_nodes(table, infos, level=SV39_LEVELS - 1):
    """Distinct nodes of the mappings below a page table, by address: the tables of nodes stand beside them."""
    nodes, seen = infos[table // 4096]["nodes"], 0
    ptes = struct.unpack("<512Q", gdb.selected_inferior().read_memory(table, 4096).tobytes())
    for i, pte in enumerate(ptes if level < SV39_LEVELS - 1 else ptes[:256]):
        if not pte & PTE_V:
            continue
        if not pte & PTE_RX:
            yield from table_nodes((pte >> 10 << 12) + WINDOW, infos, level - 1)
        elif int(nodes) and int(nodes[i]) and int(nodes[i]) != seen:
            seen = int(nodes[i])
            yield nodes[i]


def print_tree(node, depth):
    key, size = int(node["link"]["key"]) & ~FPAGE_MASK, 1 << int(node["order"])
    print(f"{'  ' * depth}{key:x}+{size:x} at {int(node['place']):x} {letters(int(node['rights']), 'xwr')} "
          f"in {task_name(node['task'])}")
    for link in tree_nodes(node["children"]["root"]):
        print_tree(container(link, "node", "link"), depth + 1)


def show_maps(argument):
    """With a task: what it has. Without: the trees, from where they begin."""
    first = at(int(gdb.parse_and_eval("pool_infos")), "struct page_info")   # of what page 0 would be
    infos, shown = Pages(first), set()
    for t in chosen(argument):
        if argument:
            print(task_name(t) + ":")
        for node in table_nodes(int(t["space"]["table"]), infos):
            if int(node) not in shown and (argument or not int(node["parent"])):
                shown.add(int(node))
                print_tree(node, 0)


# ---- CPUs, quotas

def show_queues(_):
    for c in cpus():
        timeouts = list(tree_nodes(c["timeouts"]["root"]))
        print(f"cpu {int(c['id'])}: {thread_name(c['current'])}, {len(timeouts)} timeouts")
        for priority in range(255, -1, -1):
            waiting = [thread_name(sc["thread"]) for sc in entries(c["ready"][priority], "sc", "link")]
            if waiting:
                print(f"  priority {priority}: " + ", ".join(waiting))


def show_quotas(_):
    names = object_names()
    for f, depth in factories():
        count = {}
        for o in entries(f["objects"], "object", "siblings"):
            name = names[int(o["type"])]
            count[name] = count.get(name, 0) + 1
        print("  " * depth + f"factory {number(f['object']):x}: {int(f['used']) >> 10} K of {int(f['quota']) >> 10} K; "
              + ", ".join(f"{n} {k}" for k, n in sorted(count.items())))


# ---- trace

def ring_records(state, ring, count):
    """The newest records of a ring, oldest first: (time, event, thread, a, b)."""
    size, head = int(state["ring_records"]), int(state["head"][ring])
    memory = gdb.selected_inferior()
    for n in range(max(0, head - min(count, size)), head):
        place = int(state["records_phys"]) + WINDOW + (ring * size + n % size) * 32
        yield struct.unpack("<QIIQQ", memory.read_memory(place, 32).tobytes())


def show_trace(argument):
    state = optional("trace_state")
    if state is None:
        raise gdb.GdbError("this kernel has no trace: build with make mode=debug")
    events = enum_names("enum trace_event", "TRACE_")
    print(f"tracing is {'on' if int(state['on']) else 'off'}")
    for cpu in range(int(state["rings"]) - 1):
        print(f"cpu {cpu}: {int(state['head'][cpu])} records")
        for time, event, thread, a, b in ring_records(state, cpu, int(argument or 40)):
            print(f"  {time:14} {events.get(event, '?'):9} thread {thread:6x}  {a:x} {b:x}")


# ---- the command

class Supervisor:
    """While the machine stands in user mode, its debugger does not show the kernel's memory: for the moment of a look
    it is in supervisor mode. QEMU has the mode as a register; where there is none, memory is read as it is."""

    def __enter__(self):
        mode = optional("$priv")
        self.user = mode is not None and mode.type.code == gdb.TYPE_CODE_INT and int(mode) == 0
        if self.user:
            gdb.execute("set $priv = 1")

    def __exit__(self, *_):
        if self.user:
            gdb.execute("set $priv = 0")



VIEWS = {"threads": show_threads, "tasks": show_tasks, "caps": show_caps, "maps": show_maps, "queues": show_queues,
         "quotas": show_quotas, "trace": show_trace}


class Tessera(gdb.Command):
    """tessera threads | tasks [TASK] | caps [TASK] | maps [TASK] | queues | quotas | trace [COUNT] | all"""

    def __init__(self):
        super().__init__("tessera", gdb.COMMAND_DATA)

    def complete(self, text, word):
        return [view for view in VIEWS if view.startswith(word)]

    def invoke(self, argument, from_tty):
        view, _, rest = argument.partition(" ")
        if view != "all" and view not in VIEWS:
            raise gdb.GdbError(self.__doc__)
        with Supervisor():
            for name in VIEWS if view == "all" else [view]:
                print(f"--- {name}")
                VIEWS[name](rest.strip() if view != "all" else "")


Tessera()
