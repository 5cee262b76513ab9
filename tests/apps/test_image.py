"""The demonstration: decode, fft, mul, ifft, encode, against the format's definition and against NumPy-free arithmetic.

Pictures are made here, byte by byte, so that every colour type, depth, filter and interlacing can be had."""
import array
import cmath
import math
import random
import struct
import subprocess
import sys
import zlib

import pytest

from programs import BIN, ENVIRONMENT, failure, run

BLOCK = 512
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]

assert sys.byteorder == "little"  # of the machine that runs the tests


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_row(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def sub_filter(row, step):
    """PNG filter 1: each byte less the one of the pixel before."""
    return bytes((b - (row[i - step] if i >= step else 0)) & 255 for i, b in enumerate(row))


def make_png(width, height, color, depth, pixel, interlaced=False, palette=b"", extra=b""):
    """A PNG whose samples at (x, y) are pixel(x, y), a tuple of as many numbers as there are channels."""
    step = max(1, CHANNELS[color] * depth // 8)
    raw = bytearray()
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for y in range(y0, height, dy):
            samples = [s for x in range(x0, width, dx) for s in pixel(x, y)]
            if samples:
                row = pack_row(samples, depth)
                raw += (b"\1" + sub_filter(row, step)) if y % 2 else (b"\0" + row)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"") + extra +
            chunk(b"IDAT", zlib.compress(bytes(raw), 1)) + chunk(b"IEND", b""))


def grey(rgb):
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def floats(data):
    return array.array("f", data)


def padded_rows(samples, width):
    per_row = -(-width // BLOCK) * BLOCK
    return [samples[i:i + per_row] for i in range(0, len(samples), per_row)]


def decode(tmp_path, png):
    path = tmp_path / "picture.png"
    path.write_bytes(png)
    return run("decode", path)


def noise(x, y, c=0):
    return zlib.crc32(struct.pack("<III", x, y, c))


PALETTE_COLORS = [(i * 5 % 256, i * 11 % 256, 255 - i) for i in range(256)]
PALETTE_BYTES = bytes(b for color in PALETTE_COLORS for b in color)
KINDS = ([(GREY, d) for d in (1, 2, 4, 8, 16)] + [(PALETTE, d) for d in (1, 2, 4, 8)] +
         [(kind, d) for kind in (RGB, GREY_ALPHA, RGB_ALPHA) for d in (8, 16)])


def expected_grey(color, depth, samples):
    if color == PALETTE:
        return grey(PALETTE_COLORS[samples[0]])
    eight = [s >> 8 if depth == 16 else s * 255 // ((1 << depth) - 1) for s in samples]
    return eight[0] if color in (GREY, GREY_ALPHA) else grey(eight)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("color,depth", KINDS)
@pytest.mark.parametrize("width,height", [(1, 1), (37, 19)])
def test_decode_every_kind(tmp_path, color, depth, width, height, interlaced):
    def pixel(x, y):
        return tuple(noise(x, y, c) % (1 << depth) for c in range(CHANNELS[color]))

    palette = PALETTE_BYTES[:3 << depth] if color == PALETTE else b""
    done = decode(tmp_path, make_png(width, height, color, depth, pixel, interlaced, palette))
    assert (done.returncode, done.stderr) == (0, f"{width}x{height}\n".encode())
    rows = padded_rows(floats(done.stdout), width)
    assert len(rows) == height
    for y, row in enumerate(rows):
        assert len(row) % BLOCK == 0 and not any(row[width:])
        for x in range(width):
            assert row[x] == pytest.approx(expected_grey(color, depth, pixel(x, y)), abs=1e-3)


def test_decode_ignores_transparency(tmp_path):
    transparent = chunk(b"tRNS", bytes([0, 128]))
    done = decode(tmp_path, make_png(2, 1, PALETTE, 8, lambda x, y: (x,), False, PALETTE_BYTES, transparent))
    wanted = [grey(PALETTE_COLORS[0]), grey(PALETTE_COLORS[1])]
    assert floats(done.stdout)[:2].tolist() == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("width", [511, 512, 513, 1025])
def test_decode_pads_rows_to_blocks(tmp_path, width):
    done = decode(tmp_path, make_png(width, 3, GREY, 8, lambda x, y: (noise(x, y) % 256,)))
    assert len(done.stdout) == 3 * -(-width // BLOCK) * BLOCK * 4


PICTURE = make_png(64, 64, RGB, 8, lambda x, y: (noise(x, y) % 256, x, y))


@pytest.mark.parametrize("data,text", [
    (b"", "not a PNG"),
    (b"\x89PNG", "not a PNG"),
    (b"GIF89a" * 10, "not a PNG"),
    (PICTURE[:8], "cut short"),
    (PICTURE[:20], "cut short"),
    (PICTURE[:len(PICTURE) // 2], "cut short"),
    (PICTURE[:-4], "cut short"),
    (PICTURE[:-12], "cut short"),
    (PICTURE[:200] + bytes([PICTURE[200] ^ 1]) + PICTURE[201:], "picture.png"),
    (PICTURE[:-1] + b"\0", "CRC"),
    (PICTURE[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 5, 8, 0, 0, 0, 0)), "IHDR"),
    (PICTURE[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 1 << 31, 1 << 31, 8, 2, 0, 0, 0)), "picture.png"),
], ids=range(12))
def test_decode_rejects(tmp_path, data, text):
    done = decode(tmp_path, data)
    assert done.returncode == 1
    assert text in done.stderr.decode()


def test_decode_survives_any_single_flipped_byte(tmp_path):
    png = make_png(9, 9, RGB, 8, lambda x, y: (x, y, 7))
    for at in random.Random(1).sample(range(len(png)), 60):
        done = decode(tmp_path, png[:at] + bytes([png[at] ^ 0xa5]) + png[at + 1:])
        assert done.returncode == 1 and done.stderr


def test_decode_reports_files_and_usage(tmp_path):
    assert "No such file" in failure("decode", tmp_path / "none.png")
    assert "usage" in failure("decode")
    assert "usage" in failure("decode", "a", "b")
    failure("decode", tmp_path)


def test_write_errors_are_failures(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(PICTURE)
    with open("/dev/full", "wb") as full:
        for command in (["decode", path], ["fft"], ["encode", "512"]):
            done = subprocess.run([f"{BIN}/{command[0]}", *command[1:]], input=b"\0" * 2048, stdout=full,
                                  stderr=subprocess.PIPE, env=ENVIRONMENT, check=False, timeout=60)
            assert done.returncode == 1 and b"No space left" in done.stderr, done


# ---- fft, mul, ifft ----

def slow_transform(samples):
    return [sum(s * cmath.exp(-2j * cmath.pi * k * n / BLOCK) for n, s in enumerate(samples)) for k in range(BLOCK)]


def complex_values(data):
    parts = floats(data)
    return [complex(re, im) for re, im in zip(parts[::2], parts[1::2])]


def complex_bytes(values):
    return array.array("f", [part for v in values for part in (v.real, v.imag)]).tobytes()


@pytest.fixture(name="block")
def fixture_block():
    return array.array("f", [noise(i, 1) % 256 for i in range(BLOCK)])


def test_fft_is_the_unnormalised_forward_transform(block):
    done = run("fft", stdin=block.tobytes())
    for got, wanted in zip(complex_values(done.stdout), slow_transform(block), strict=True):
        assert abs(got - wanted) < 0.05


def test_ifft_is_the_real_part_scaled():
    values = [complex(noise(k, 2) % 200 - 100, noise(k, 3) % 200 - 100) for k in range(BLOCK)]
    done = run("ifft", stdin=complex_bytes(values))
    inverse = slow_transform([v.conjugate() for v in values])  # its real part is that of the inverse
    for got, wanted in zip(floats(done.stdout), inverse, strict=True):
        assert got == pytest.approx(wanted.real / BLOCK, abs=1e-3)


def test_fft_and_ifft_undo_each_other(block):
    data = block.tobytes() * 40
    done = run("ifft", stdin=run("fft", stdin=data).stdout)
    assert floats(done.stdout).tolist() == pytest.approx(floats(data).tolist(), abs=1e-3)


def test_mul_is_a_low_pass_by_default():
    done = run("mul", stdin=complex_bytes([1 + 2j] * BLOCK))
    for k, got in enumerate(complex_values(done.stdout)):
        wanted = (1 + 2j) * math.exp(-0.5 * (min(k, BLOCK - k) / 32) ** 2)
        assert abs(got - wanted) < 1e-6


def test_mul_takes_coefficients_from_a_file(tmp_path):
    coefficients = [complex(k, -1) for k in range(BLOCK)]
    path = tmp_path / "coefficients"
    path.write_bytes(complex_bytes(coefficients))
    done = run("mul", path, stdin=complex_bytes([2 + 1j] * BLOCK * 3))
    got = complex_values(done.stdout)
    assert got == [(2 + 1j) * c for c in coefficients] * 3


@pytest.mark.parametrize("size", [0, 8, 4095, 4097, 8192])
def test_mul_rejects_files_of_another_size(tmp_path, size):
    path = tmp_path / "coefficients"
    path.write_bytes(bytes(size))
    assert "not 512 complex coefficients" in failure("mul", path)


@pytest.mark.parametrize("name,size", [("fft", 2048), ("mul", 4096), ("ifft", 4096)])
def test_filters_take_whole_blocks_only(name, size):
    assert run(name).stdout == b""
    for extra in (1, size - 1, 70000):
        message = failure(name, stdin=bytes(5 * size + extra))
        assert f"{extra % size} of {size} bytes" in message
    assert "usage" in failure(name, "a", "b")


# ---- encode ----

def read_grey_png(data):
    """Width, height and rows of an 8-bit grey PNG, by its definition."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + length]
        assert struct.pack(">I", zlib.crc32(kind + content)) == data[at + 8 + length:at + 12 + length]
        if kind == b"IHDR":
            width, height, *rest = struct.unpack(">IIBBBBB", content)
            assert rest == [8, GREY, 0, 0, 0]
        body += content if kind == b"IDAT" else b""
        at += 12 + length
    return width, height, unfilter(zlib.decompress(body), width)


def unfilter(raw, width):
    rows, above = [], bytes(width)
    for start in range(0, len(raw), width + 1):
        kind, row = raw[start], bytearray(raw[start + 1:start + 1 + width])
        for x in range(width):
            left, up, corner = (row[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda v: abs(guess - v))  # pylint: disable=cell-var-from-loop
            row[x] = (row[x] + [0, left, up, (left + up) // 2, paeth][kind]) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def test_encode_rounds_and_clamps():
    values = [-1e9, -1.0, -0.4, 0.4, 0.6, 1.49, 254.4, 254.6, 255.4, 1e9, math.inf, -math.inf, math.nan]
    done = run("encode", len(values), stdin=array.array("f", values + [0.0] * (BLOCK - len(values))).tobytes())
    assert read_grey_png(done.stdout) == (13, 1, [bytes([0, 0, 0, 0, 1, 1, 254, 255, 255, 255, 255, 0, 0])])


@pytest.mark.parametrize("width,height", [(1, 1), (511, 3), (512, 2), (513, 2), (20000, 2)])
def test_decode_and_encode_undo_each_other(tmp_path, width, height):
    png = make_png(width, height, GREY, 8, lambda x, y: (noise(x, y) % 256,))
    again = run("encode", width, stdin=decode(tmp_path, png).stdout)
    rows = [bytes(noise(x, y) % 256 for x in range(width)) for y in range(height)]
    assert read_grey_png(again.stdout) == (width, height, rows)


@pytest.mark.parametrize("width", ["", "0", "-3", "x", "12x", "1000001", "99999999999999999999", " 5"])
def test_encode_rejects_widths(width):
    assert "bad width" in failure("encode", width)


def test_encode_rejects_input_that_is_no_picture():
    assert "empty" in failure("encode", 3)
    assert "within a block" in failure("encode", 3, stdin=bytes(2047))
    assert "1 of 2 blocks" in failure("encode", 1000, stdin=bytes(2048 * 3))
    assert "usage" in failure("encode")


# ---- the whole pipeline ----

def test_pipeline_smooths_a_picture(tmp_path):
    (tmp_path / "in.png").write_bytes(make_png(320, 20, RGB, 8, lambda x, y: (255 * (x // 8 % 2),) * 3))
    done = run("sh", "-c", "set -o pipefail; decode in.png | fft | mul | ifft | encode 320 > out.png", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"320x20\n")
    width, height, rows = read_grey_png((tmp_path / "out.png").read_bytes())
    assert (width, height) == (320, 20)
    middle = rows[3][100:200]
    assert min(middle) > 0 and max(middle) < 255, "the edges of the stripes must have been smoothed"


@pytest.mark.parametrize("name", ["none.png", "broken.png"])
def test_pipeline_fails_as_a_whole(tmp_path, name):
    (tmp_path / "broken.png").write_bytes(PICTURE[:-100])
    done = run("sh", "-c", f"set -o pipefail; decode {name} | fft | mul | ifft > out.raw", cwd=tmp_path)
    assert done.returncode == 1
    assert name in done.stderr.decode()
