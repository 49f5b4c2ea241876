"""`python -m polypost`."""

from polypost.cli import main

main()
