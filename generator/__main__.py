"""`python -m generator` is `sleepward`."""

from .cli import main

main()
