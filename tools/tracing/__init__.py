"""The kernel's trace outside the guest: read from an image of its memory, written as Chrome trace JSON."""
