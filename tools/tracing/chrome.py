"""The trace as Chrome trace JSON: a lane per CPU with who ran and when the kernel did, and arrows for messages.

In each lane, slices nest: a thread's time on the CPU, and within it the kernel's (from entry to exit). Arrows go from
where a message, an answer or a signal was delivered to where its receiver runs next.
"""
import heapq

from .image import events

ARROWS = {"MESSAGE": "message", "REPLY": "reply", "SIGNAL": "signal"}
CAUSES = {8: "call", 2: "illegal instruction", 12: "fetch fault", 13: "load fault", 15: "store fault"}
INTERRUPTS = {1: "other CPU", 5: "timer", 9: "device"}
QUIET = ("ENTRY", "EXIT", "SWITCH", "IDLE")   # what slices show; all others are marks


def cause_name(cause):
    if cause >> 63:
        return "interrupt: " + INTERRUPTS.get(cause & 0xff, str(cause & 0xff))
    return CAUSES.get(cause, f"exception {cause}")


class Lane:
    """One CPU. Slices are open until something ends them."""

    def __init__(self, converter, cpu):
        self.converter, self.cpu = converter, cpu
        self.running = self.kernel = None   # (start, name, arguments)

    def close(self, what, time):
        opened = getattr(self, what)
        if opened:
            start, name, arguments = opened
            self.converter.emit(ph="X", tid=self.cpu, ts=start, dur=time - start, name=name, cat=what, args=arguments)
        setattr(self, what, None)

    def enter(self, time, record, name):
        if not self.running:
            self.running = (time, name, {})
        self.close("kernel", time)
        self.kernel = (time, cause_name(record.a), {"value": hex(record.b)})

    def leave(self, time, name):
        self.close("kernel", time)
        if self.running and self.running[1] == name:
            return
        self.close("running", time)
        self.running = (time, name, {})

    def idle(self, time):
        self.close("kernel", time)
        self.close("running", time)
        self.running = (time, "idle", {})

    def end(self, time):
        self.close("kernel", time)
        self.close("running", time)


class Converter:
    def __init__(self, trace):
        self.trace, self.events = trace, events()
        self.rows, self.arrows = [], 0
        self.lanes = [Lane(self, cpu) for cpu in range(len(trace.cpus))]
        self.coming = {}    # thread -> (time, CPU, kind): what was delivered to it and it has not seen yet
        first = [records[0].time for records in trace.cpus if records]
        self.start = min(first) if first else 0

    def emit(self, **row):
        """Times come in ticks and leave in microseconds."""
        for key in ("ts", "dur"):
            if key in row:
                row[key] = round((row[key] - (self.start if key == "ts" else 0)) * 1e6 / self.trace.hz, 3)
        self.rows.append({"pid": 0, **row})

    def show(self, kind, value, time):
        if kind == "thread":
            return self.trace.names.thread(value & 0xffffffff, time)
        return hex(value)

    def mark(self, cpu, record, event):
        arguments = {"thread": self.trace.names.thread(record.thread, record.time)}
        for kind, value in ((event.a, record.a), (event.b, record.b)):
            if kind != "none":
                arguments[kind if kind != "thread" else "to"] = self.show(kind, value, record.time)
        self.emit(ph="i", s="t", tid=cpu, ts=record.time, name=event.name.lower(), cat="event", args=arguments)

    def deliver(self, cpu, record, name):
        receiver = record.thread if name == "SIGNAL" else record.a
        self.coming[receiver] = (record.time, cpu, ARROWS[name])

    def arrive(self, cpu, record):
        """The thread runs: what was delivered to it has arrived."""
        if record.thread not in self.coming:
            return
        time, origin, kind = self.coming.pop(record.thread)
        self.arrows += 1
        row = {"cat": "ipc", "name": kind, "id": self.arrows}
        self.emit(ph="s", tid=origin, ts=time, **row)
        self.emit(ph="f", bp="e", tid=cpu, ts=record.time, **row)

    def take(self, cpu, record):
        event, lane, time = self.events.get(record.event), self.lanes[cpu], record.time
        if not event:
            return
        who = self.trace.names.thread(record.thread, time)
        if event.name == "ENTRY":
            lane.enter(time, record, who)
        elif event.name == "EXIT":
            lane.leave(time, who)
            self.arrive(cpu, record)
        elif event.name == "IDLE":
            lane.idle(time)
        elif event.name not in QUIET:
            self.mark(cpu, record, event)
        if event.name in ARROWS:
            self.deliver(cpu, record, event.name)

    def convert(self):
        streams = [[(record.time, cpu, n, record) for n, record in enumerate(records)]
                   for cpu, records in enumerate(self.trace.cpus)]
        time = self.start
        for time, cpu, _, record in heapq.merge(*streams):
            self.take(cpu, record)
        for lane in self.lanes:
            lane.end(time)
        self.rows.sort(key=lambda row: (row["ts"], -row.get("dur", 0)))
        return {"displayTimeUnit": "ns", "traceEvents": self.titles() + self.rows}

    def titles(self):
        rows = [{"ph": "M", "pid": 0, "name": "process_name", "args": {"name": "Tessera"}}]
        for lane in self.lanes:
            lane_row = {"ph": "M", "pid": 0, "tid": lane.cpu}
            rows.append({**lane_row, "name": "thread_name", "args": {"name": f"CPU {lane.cpu}"}})
            rows.append({**lane_row, "name": "thread_sort_index", "args": {"sort_index": lane.cpu}})
        return rows


def convert(trace):
    return Converter(trace).convert()
