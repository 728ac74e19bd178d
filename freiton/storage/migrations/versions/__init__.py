"""Numbered migrations, run in the order of their numbers."""
