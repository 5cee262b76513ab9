"""The launcher behind tools/tessera."""
