"""`python -m renderer` is the command `rollspec`."""

from renderer.cli import main

main()
