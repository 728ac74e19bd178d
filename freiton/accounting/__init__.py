"""Slots, reservations and call detail records as a fold of the charging log. Pure."""
