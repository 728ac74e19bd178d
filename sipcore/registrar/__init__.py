"""Bindings of an address-of-record (RFC 3261 §10)."""
