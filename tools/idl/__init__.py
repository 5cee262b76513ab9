"""The interface compiler behind tools/idlc."""
