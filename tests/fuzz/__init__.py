"""Messages that nobody should send, in places where they hurt."""
