"""One conversation: tags, route set, CSeq order (RFC 3261 §12), session timers (RFC 4028)."""
