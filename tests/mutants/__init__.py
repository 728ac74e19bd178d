"""Faults that were planted on purpose, to prove that the tests can fail."""
