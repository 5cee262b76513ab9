"""A guest kernel on a virtual CPU, started from the shell like any program."""
import pytest

from guest import guest, output

pytestmark = pytest.mark.everywhere

EXPECTED = """\
first: 1007 primes below 8000, always the same, lost the CPU 3 times or more, pages on demand
second: 1007 primes below 8000, always the same, lost the CPU 3 times or more, pages on demand
second: ended at a fault at 0x10
"""


def test_two_processes_on_one_virtual_cpu():
    assert output("uk") == EXPECTED


def test_several_at_once_and_again():
    done = guest("uk > /tmp/a & uk > /tmp/b; wait $!; cmp /tmp/a /tmp/b && uk | cmp - /tmp/a && free > /dev/null")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
