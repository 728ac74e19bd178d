"""Sockets and the loop: the only asyncio in sipcore; moves bytes, decides nothing."""
