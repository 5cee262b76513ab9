"""What a trace file must be for viewers: lanes that are CPUs, times that go on, slices that nest, arrows in pairs."""
import bisect

SLACK = 0.002   # times are rounded to a nanosecond


def check_slices(slices, problems):
    """Slices of a lane, in order of their start and the longer first, lie within each other or apart."""
    open_until = []
    for row in slices:
        start, end = row["ts"], row["ts"] + row["dur"]
        if row["dur"] < 0:
            problems.append(f"lane {row['tid']}: {row['name']} at {start} ends before it begins")
        while open_until and open_until[-1] <= start + SLACK:
            open_until.pop()
        if open_until and end > open_until[-1] + SLACK:
            problems.append(f"lane {row['tid']}: {row['name']} at {start} sticks out of the slice around it")
        open_until.append(end)


def within(slices, time):
    """Whether one of the slices, in order of their start, holds the time. The outer ones follow each other: the last
    that has begun is found fast, and among the few before it is the one that holds all others."""
    last = bisect.bisect_right(slices, time + SLACK, key=lambda row: row["ts"])
    return any(time <= row["ts"] + row["dur"] + SLACK for row in slices[max(last - 8, 0):last])


def check_arrows(rows, lanes, problems):
    ends = {}
    for row in rows:
        if row["ph"] in "sf":
            ends.setdefault(row["id"], {}).setdefault(row["ph"], []).append(row)
    for number, pair in sorted(ends.items()):
        if len(pair.get("s", [])) != 1 or len(pair.get("f", [])) != 1:
            problems.append(f"arrow {number} has {len(pair.get('s', []))} starts and {len(pair.get('f', []))} ends")
            continue
        start, end = pair["s"][0], pair["f"][0]
        if end["ts"] < start["ts"]:
            problems.append(f"arrow {number} goes back in time")
        for row in (start, end):
            if not within(lanes.get(row["tid"], []), row["ts"]):
                problems.append(f"arrow {number} begins or ends outside all slices")
    return len(ends)


def check(trace, cpus):
    """Problems of the parsed JSON, and how many arrows it has."""
    problems, rows = [], [row for row in trace["traceEvents"] if row["ph"] != "M"]
    titles = {row["tid"]: row["args"]["name"] for row in trace["traceEvents"] if row["name"] == "thread_name"}
    if titles != {cpu: f"CPU {cpu}" for cpu in range(cpus)}:
        problems.append(f"lanes are {sorted(titles.values())}, not {cpus} CPUs")
    if not {row["tid"] for row in rows} <= set(titles):
        problems.append("rows in lanes that have no name")
    times = [row["ts"] for row in rows]
    if times != sorted(times) or (times and times[0] < 0):
        problems.append("times go back")
    lanes = {}
    for row in rows:
        if row["ph"] == "X":
            lanes.setdefault(row["tid"], []).append(row)
    for slices in lanes.values():
        check_slices(slices, problems)
    return problems, check_arrows(rows, lanes, problems)
