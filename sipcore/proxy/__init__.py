"""Stateful forwarding of requests that are no calls (RFC 3261 §16)."""
