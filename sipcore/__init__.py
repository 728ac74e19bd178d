"""SIP (RFC 3261 and its family). Pure but for ``net``; knows no customer, price or database."""
