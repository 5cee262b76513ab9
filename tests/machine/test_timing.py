"""The timing model charges what its parameters say, as seen by a guest with the cycle counter (mosaic_latency.c)."""
import pytest

from conftest import BUILD, HOST, run

MOSAIC = f"{HOST}/bin/mosaic"
LATENCY = f"{BUILD}/tests/machine/latency"


def measure(*options):
    done = run([MOSAIC, "run", "--bios", "none", "--kernel", LATENCY, *options])
    assert done.returncode == 0, done.stderr
    return {name: int(value, 16) / 100 for name, value in (line.split() for line in done.stdout.splitlines())}


@pytest.fixture(scope="module")
def defaults():
    return measure()


# What the manuals of SiFive's E31 and U54 cores say (docs/timing.md).
@pytest.mark.parametrize("name, published", [("add", 1), ("load", 2), ("load_narrow", 3), ("mul", 5), ("csr", 3),
                                             ("mispredict", 3), ("div", 2), ("div_longest", 65)])
def test_published_latencies(defaults, name, published):
    assert defaults[name] == pytest.approx(published, rel=0.05)


def test_levels_of_memory(defaults):
    assert defaults["chase_8K"] == pytest.approx(3, rel=0.05), "a loop of three instructions hides the two cycles"
    assert defaults["chase_128K"] == pytest.approx(3 + 18, rel=0.05)
    assert 3 + 18 + 45 < defaults["chase_4M"] < 3 + 18 + 73 + 8


@pytest.mark.parametrize("parameter, value, name, change", [
    ("core.mul", 9, "mul", 4), ("core.div", 20, "div", 18), ("core.div_bit", 2, "div_longest", 63),
    ("core.div_bit", 2, "div_halfway", 31), ("core.load", 4, "load", 2),
    ("core.fp_add_d", 4, "fadd", -3), ("core.mispredict", 8, "mispredict", 5), ("l2.hit", 38, "chase_128K", 20),
    ("core.misaligned", 30, "misaligned", 20),
])
def test_parameters_have_their_effect(defaults, parameter, value, name, change):
    changed = measure("--set", f"{parameter}={value}")
    assert changed[name] - defaults[name] == pytest.approx(change, rel=0.06)


def test_larger_cache_holds_more(defaults):
    assert measure("--set", "l1d.size=262144")["chase_128K"] < 4 < defaults["chase_128K"]


SHARING = f"{BUILD}/tests/machine/sharing"


def sharing(cpus, *options):
    """What a round with one access takes, in cycles, when all harts do it at once (mosaic_sharing.c)."""
    done = run([MOSAIC, "run", "--bios", "none", "--kernel", SHARING, "--cpus", str(cpus), *options])
    assert done.returncode == 0, done.stderr
    rows = {name: int(value, 16) for name, value in (line.split() for line in done.stdout.splitlines())}
    assert rows.pop("harts") == cpus
    return {name: value / 100 for name, value in rows.items()}


@pytest.mark.parametrize("cpus", [2, 4, 8])
def test_sharing_costs_what_it_must(cpus):
    cost = sharing(cpus)
    assert cost["load_private"] < 6
    assert cost["load_shared"] == pytest.approx(cost["load_private"], rel=0.05), "readers do not disturb each other"
    for what in ("store", "add"):
        alone, line, word = cost[f"{what}_private"], cost[f"{what}_line"], cost[f"{what}_word"]
        assert alone < 12
        assert line == pytest.approx(cpus * 34, rel=0.25), "18 + 16 cycles for each of those who write to the line"
        assert word == pytest.approx(line, rel=0.1), "a line is a line, whatever word of it is meant"
    assert sharing(cpus) == cost, "the same on every run"


def test_sharing_costs_are_those_of_the_probe():
    near, far = sharing(4), sharing(4, "--set", "l2.probe=116")
    assert far["store_private"] == near["store_private"]
    assert far["store_line"] == pytest.approx(near["store_line"] + 4 * 100, rel=0.25)
