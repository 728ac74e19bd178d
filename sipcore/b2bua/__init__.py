"""Two conversations joined: one leg's event reaches the other (RFC 7092)."""
