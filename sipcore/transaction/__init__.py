"""The four transactions of RFC 3261 §17 and RFC 6026 as tables, on time that is handed in."""
