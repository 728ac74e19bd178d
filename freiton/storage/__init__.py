"""What is kept on disk; implements the ports of the rooms that need it."""
