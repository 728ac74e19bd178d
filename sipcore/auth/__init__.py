"""Digest access authentication, as server and as client (RFC 7616, RFC 8760)."""
