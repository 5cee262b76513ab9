"""The system tests run on QEMU and, those marked `everywhere`, on Mosaic too: `pytestmark = pytest.mark.everywhere`.
TESSERA_MACHINES names others (guest.MACHINES), on which then all run: TESSERA_MACHINES="mosaic mosaic-timed"."""
import os

import pytest

from guest import MACHINES, Place

CHOSEN = os.environ.get("TESSERA_MACHINES", "").split()


def pytest_configure(config):
    config.addinivalue_line("markers", "everywhere: runs on Mosaic, too, unless TESSERA_MACHINES says otherwise")
    unknown = set(CHOSEN) - set(MACHINES)
    if unknown:
        raise pytest.UsageError(f"TESSERA_MACHINES: there is no {', '.join(unknown)}; there are {', '.join(MACHINES)}")


@pytest.fixture(scope="module", autouse=True, params=CHOSEN or ["qemu", "mosaic"])
def machine(request):
    """Where this module's tests run now."""
    Place.name = request.param
    yield request.param
    Place.name = "qemu"


def pytest_collection_modifyitems(config, items):
    def is_wanted(item):
        call = getattr(item, "callspec", None)
        return (CHOSEN or not call or call.params.get("machine") != "mosaic" or item.get_closest_marker("everywhere"))

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]
