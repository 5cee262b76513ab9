"""A kernel that ends: the launcher says so and returns status 134, with a command to run and with a person typing."""
import pexpect
import pytest

from guest import LAUNCHER, Place, launch

pytestmark = pytest.mark.everywhere


@pytest.fixture(name="archive")
def fixture_archive(tmp_path):
    """A boot archive without a first task: the kernel cannot go on."""
    path = tmp_path / "empty.cpio"
    path.write_bytes(b"\0" * 4096)
    return path


def test_panic_with_a_command(archive):
    done = launch("--initrd", archive, "--exec", "true")
    assert (done.returncode, done.stdout) == (134, "")
    assert "panic: " in done.stderr and "root" in done.stderr


def test_panic_with_a_person(archive, tmp_path):
    # As in guest.Terminal, a disk of its own: nothing is mounted.
    (tmp_path / "disk").write_bytes(b"\0" * (1 << 20))
    child = pexpect.spawn(LAUNCHER[0], [*LAUNCHER[1:], *Place.arguments(), "--initrd", str(archive),
                                        "--disk", str(tmp_path / "disk")], timeout=Place.patience(60))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 134
    assert b"panic: " in child.before
