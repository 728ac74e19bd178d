"""Numbers, money and spans of time. Pure; would be true on paper."""
