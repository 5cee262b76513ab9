"""
The fast path's C functions run while the message stands in s1-s9: they may use neither these nor the stack. They may
only look at tag (s1) and word 0 (s2).
"""
import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FUNCTIONS = ["ipc_fast_call", "ipc_fast_reply_wait", "ipc_fast_call_long", "ipc_fast_reply_wait_long"]
KERNELS = [f for f in (f"{TOP}/build/riscv64-{mode}/kernel.elf" for mode in ("release", "debug")) if os.path.exists(f)]


def body(kernel, function):
    """The function's instructions, and those of the part that the compiler moved elsewhere."""
    text = subprocess.run(["riscv64-linux-gnu-objdump", "-d", "--no-show-raw-insn", kernel], capture_output=True,
                          text=True, check=True).stdout
    parts = re.findall(rf"^[0-9a-f]+ <{function}(?:\.cold)?>:\n((?:.+\n)+)", text, re.MULTILINE)
    return re.sub(r".*\tmv\t[at]\d,s[12]\n", "", "".join(parts))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("function", FUNCTIONS + ["quick_call"])
def test_message_registers_are_left_alone(kernel, function):
    code = body(kernel, function)
    assert code or function == "quick_call", f"{function} is not in {kernel}"  # that may be part of ipc_fast_call
    used = re.findall(r"^.*\b(?:s\d+|sp|ra|jal|jalr|call)\b.*$", code, re.MULTILINE)
    assert not used, "\n".join(used)
