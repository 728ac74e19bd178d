"""Wires in theory: flows, framing of streams, where responses and requests go. No sockets."""
