"""The notifier of RFC 6665 with its packages, and the compositor of RFC 3903."""
