"""The demonstration, exactly: `decode /in.png | fft | mul | ifft > /out.raw` in the guest, against the host's build."""
import array
import os
import random
import struct
import subprocess
import zlib

import pytest

from guest import APPS, guest

pytestmark = pytest.mark.everywhere

PIPELINE = "decode {} | fft | mul | ifft > {}"
SIZES = [(1, 1), (7, 5), (511, 3), (512, 2), (513, 2), (320, 200)]
LARGE = [(1920, 1080), (4000, 3000)]
TOLERANCE = 1e-3


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(width, height):
    """A colourful PNG, the same each time."""
    noise = random.Random(width * height)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def on_host(folder, png):
    """The same pipeline by the same sources, built for the host."""
    result = folder / "host.raw"
    subprocess.run(["bash", "-o", "pipefail", "-c", PIPELINE.format(png, result)], check=True,
                   env={"PATH": f"{APPS}:{os.environ['PATH']}"}, capture_output=True)
    return samples(result)


def samples(path):
    return array.array("f", path.read_bytes())


def compare(got, expected):
    assert len(got) == len(expected)
    worst = max(abs(a - b) for a, b in zip(got, expected))
    assert worst <= TOLERANCE


def demonstrate(folder, sizes, *arguments, **options):
    """One boot for all sizes."""
    moves, commands = [], []
    for width, height in sizes:
        name = f"{width}x{height}"
        (folder / f"{name}.png").write_bytes(picture(width, height))
        moves += ["--put", f"{folder}/{name}.png:/{name}.png", "--get", f"/{name}.raw:{folder}/{name}.raw"]
        commands.append(PIPELINE.format(f"/{name}.png", f"/{name}.raw"))
    done = guest("set -o pipefail; " + " && ".join(commands), *moves, *arguments, **options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.split() == [f"{width}x{height}" for width, height in sizes]
    for width, height in sizes:
        name = f"{width}x{height}"
        compare(samples(folder / f"{name}.raw"), on_host(folder, folder / f"{name}.png"))


def test_pictures_of_all_shapes(tmp_path):
    demonstrate(tmp_path, SIZES)


def test_little_memory(tmp_path):
    demonstrate(tmp_path, [(320, 200)], "--mem", "32M")


@pytest.mark.skipif(not os.environ.get("TESSERA_LARGE"), reason="TESSERA_LARGE=1 runs it: minutes, not seconds")
def test_large_pictures(tmp_path):
    demonstrate(tmp_path, LARGE, patience=1800)


BAD = {
    "empty": b"",
    "text": b"this is not a picture\n" * 100,
    "cut": picture(64, 64)[:5000],
    "corrupt": picture(64, 64)[:3000] + b"\xff" * 100 + picture(64, 64)[3100:],
}


def test_bad_pictures_end_with_a_message_and_nothing_hangs(tmp_path):
    moves, commands = [], []
    for name, data in BAD.items():
        (tmp_path / name).write_bytes(data)
        moves += ["--put", f"{tmp_path}/{name}:/{name}"]
        commands.append(f"{PIPELINE.format('/' + name, '/out')}; echo {name} $?")
    done = guest("set -o pipefail; " + "; ".join(commands), *moves)
    assert done.stdout.splitlines() == [f"{name} 1" for name in BAD]
    messages = [line for line in done.stderr.splitlines() if line.startswith("decode: ")]
    assert len(messages) == len(BAD), done.stderr


def test_half_a_block_is_refused(tmp_path):
    (tmp_path / "half").write_bytes(b"\0" * 1000)
    done = guest("set -o pipefail; fft < /half | ifft > /out; echo $?", "--put", f"{tmp_path}/half:/half")
    assert done.stdout == "1\n" and "fft: " in done.stderr
