"""The launcher's end of the command channel: frames, and the conversation with the guest's agent (apps/agent)."""
import hashlib
import os
import select
import struct
import time

from .errors import GuestError, LaunchError

HEADER = struct.Struct("<IB")
FRAME_MAX = 65536
HELLO = b"tessera 2"
TICK = 0.1  # seconds between looks at the machine


class Channel:
    """Frames over a pair of descriptors. `watch` is called now and then, and raises if waiting has become vain."""

    def __init__(self, read_fd, write_fd, watch):
        self.read_fd, self.write_fd, self.watch = read_fd, write_fd, watch
        self.buffer = bytearray()
        self.next_look = 0.0
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def wait(self, reading):
        """Waits until the descriptor is ready; watches meanwhile, and now and then if it always is."""
        fds = ([self.read_fd], []) if reading else ([], [self.write_fd])
        ready = False
        while not ready:
            ready = any(select.select(*fds, [], TICK))
            if time.monotonic() >= self.next_look:
                self.watch(silent=not ready)
                self.next_look = time.monotonic() + TICK

    def send(self, kind, payload=b""):
        data = memoryview(HEADER.pack(len(payload), ord(kind)) + payload)
        while data:
            self.wait(False)
            try:
                data = data[os.write(self.write_fd, data):]
            except BlockingIOError:
                continue
            except OSError:
                self.broken()

    def receive(self):
        """The next frame: (kind, payload)."""
        while True:
            if len(self.buffer) >= HEADER.size:
                length, kind = HEADER.unpack_from(self.buffer)
                if length > FRAME_MAX:
                    raise LaunchError("the guest's agent sent nonsense: rebuild the system (`make all`)")
                if len(self.buffer) >= HEADER.size + length:
                    payload = bytes(self.buffer[HEADER.size:HEADER.size + length])
                    del self.buffer[:HEADER.size + length]
                    return chr(kind), payload
            self.fill()

    def answered(self):
        """Whether something has come that receive() can begin with."""
        return bool(self.buffer) or bool(select.select([self.read_fd], [], [], 0)[0])

    def fill(self):
        self.wait(True)
        try:
            data = os.read(self.read_fd, 1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.broken()
        self.buffer += data

    def broken(self):
        """The other end has gone. The machine's end is the better explanation, if it comes."""
        until = time.monotonic() + 1
        while time.monotonic() < until:
            self.watch()
            time.sleep(TICK)
        raise LaunchError("the guest's agent has gone: see the console log for why")


class Agent:
    """What the guest's agent can be asked for. Errors that the guest reports are GuestErrors."""

    def __init__(self, channel):
        self.channel = channel

    def expect(self, *kinds):
        kind, payload = self.channel.receive()
        if kind == "F" and len(payload) >= 4:
            raise GuestError(f"guest: {payload[4:].decode(errors='replace')}")
        if kind not in kinds:
            raise LaunchError(f"the guest's agent sent an unexpected frame '{kind}': rebuild the system (`make all`)")
        return kind, payload

    def hello(self):
        _, payload = self.expect("H")
        if payload != HELLO:
            raise LaunchError("the guest's agent is of another version: rebuild the system (`make all`)")

    def put(self, host, guest):
        """Copies a file into the guest; what stands there then has been read again and compared by size and hash."""
        status = os.stat(host)
        digest, size = hashlib.sha256(), 0
        with open(host, "rb") as file:
            self.channel.send("P", struct.pack("<IQ", status.st_mode & 0o777, status.st_size) + guest.encode())
            while not self.channel.answered() and (piece := file.read(FRAME_MAX)):
                digest.update(piece)
                size += len(piece)
                self.channel.send("D", piece)
        self.channel.send("E", end_of(size, digest))   # what answers earlier is a refusal
        try:
            self.compare(self.expect("E")[1], size, digest, host, guest)
        except GuestError as error:
            raise GuestError(f"cannot put {host}: {error}: check the path, and --disk for room") from error

    def get(self, guest, host):
        """Copies a file out of the guest, under a temporary name until it is whole and verified."""
        digest, size = hashlib.sha256(), 0
        partial = partial_name(host)
        try:
            with open(partial or host, "wb") as file:
                self.channel.send("G", guest.encode())
                kind, payload = self.expect("D", "E")
                while kind == "D":
                    digest.update(payload)
                    size += len(payload)
                    file.write(payload)
                    kind, payload = self.expect("D", "E")
            self.compare(payload, size, digest, host, guest)
            if partial:
                os.replace(partial, host)
        except GuestError as error:
            raise GuestError(f"cannot get {guest}: {error}: check that the command has made it") from error
        finally:
            if partial and os.path.exists(partial):
                os.unlink(partial)

    @staticmethod
    def compare(payload, size, digest, host, guest):
        if payload != end_of(size, digest):
            raise GuestError(f"{guest} and {host} differ in size or hash: report this with the console log")

    def execute(self, line, out, err):
        """Runs a command line; passes its output on as it comes; returns its exit status."""
        self.channel.send("X", line.encode())
        while True:
            kind, payload = self.expect("O", "R", "S")
            if kind == "S":
                return struct.unpack("<i", payload[:4])[0]
            target = out if kind == "O" else err
            target.write(payload)
            target.flush()

    def set_window(self, rows, columns):
        """Tells the guest's terminal how large ours is."""
        self.channel.send("W", struct.pack("<II", rows, columns))

    def power_off(self):
        self.channel.send("Q")
        self.expect("K")


def partial_name(host):
    """Under which name a file is written until it is whole; None for devices and the like, which are written to."""
    return None if os.path.exists(host) and not os.path.isfile(host) else host + ".part"


def end_of(size, digest):
    return struct.pack("<Q", size) + digest.digest()
