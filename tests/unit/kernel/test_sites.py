"""Every place where the kernel allocates memory has failed in build/host/test/kernel_nth: none is left out."""
import os
import re
import subprocess

from conftest import HOST, run

PROGRAM = os.path.join(HOST, "test", "kernel_nth")
CALL = re.compile(r"\bcall\b.*<__wrap_factory_(?:take\w*|alloc\w*|create)>")


def allocation_sites():
    """Where each call of an allocation function returns to -> the function that it stands in."""
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", PROGRAM], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    sites, function, pending = {}, None, False
    for line in listing.splitlines():
        head = re.match(r"([0-9a-f]+) <(.+)>:", line)
        code = re.match(r"\s+([0-9a-f]+):", line)
        if head:
            function = head.group(2)
        if code and pending:
            sites[int(code.group(1), 16)] = function
            pending = False
        if CALL.search(line) and not function.startswith("__wrap_"):
            pending = True
    return sites


def test_every_allocation_site_failed():
    done = run([PROGRAM])
    assert done.returncode == 0, done.stdout + done.stderr
    failed = {int(text, 16) for text in re.findall(r"failed at ([0-9a-f]+)", done.stdout + done.stderr)}
    sites = allocation_sites()
    assert len(sites) >= 12, "the kernel's calls are not found in the program"
    left_out = sorted(function for site, function in sites.items() if site not in failed)
    # Boot makes the first task's UTCB and mappings: there is nobody yet who could be told.
    assert [name for name in left_out if name not in ("host_boot", "start_root", "map_memory_root")] == []
