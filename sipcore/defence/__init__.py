"""What is let in when more comes than can be done, and from whom nothing is: overload, RFC 7339."""
