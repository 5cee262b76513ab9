"""The system-page compiler behind tools/mksystem."""
