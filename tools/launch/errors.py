"""How a launch can fail: one line that says what to do, and an exit status."""

LAUNCHER_FAILED = 125
TIMED_OUT = 124
GUEST_PANIC = 134


class LaunchError(Exception):
    """The launcher ends with this line on stderr and this status."""

    def __init__(self, message, status=LAUNCHER_FAILED):
        super().__init__(message)
        self.status = status


class GuestError(LaunchError):
    """The guest could not do what it was asked for; the machine as such goes on."""


class Interrupted(Exception):
    """A signal asked the launcher to end."""

    def __init__(self, number):
        super().__init__(f"ended by signal {number}")
        self.status = 128 + number
