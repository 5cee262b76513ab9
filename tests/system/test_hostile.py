"""A process that sends random requests to every server it can reach: the servers go on, and forget it when it ends."""
import os

import pytest

from conftest import BUILD
from guest import guest

pytestmark = pytest.mark.everywhere

ROUNDS = 6
REQUESTS = 5000


def test_servers_survive_a_hostile_client():
    pokes = "; ".join(f"/poke {seed} {REQUESTS} || echo failed" for seed in range(1, ROUNDS + 1))
    check = "ls /bin | grep -c sh; echo through a pipe | cat; echo kept > /tmp/file; cat /tmp/file"
    done = guest(f"{pokes}; {check}", "--put", os.path.join(BUILD, "apps", "poke") + ":/poke")
    lines = done.stdout.splitlines()
    assert [line.startswith(f"poked {REQUESTS} times") for line in lines[:ROUNDS]] == [True] * ROUNDS, done
    assert lines[ROUNDS + 1:] == ["through a pipe", "kept"], done
