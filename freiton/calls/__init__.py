"""The order of asking: gather, decide, perform."""
