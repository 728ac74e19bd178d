"""Digest authentication, as a server and as a client (RFC 3261 §22, RFC 7616, RFC 8760)."""
