"""`python -m freiton`."""

from freiton.cli import main

main()
