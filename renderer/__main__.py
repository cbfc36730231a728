"""`python -m renderer` is the command `rollspec`."""

from renderer.cli import main

if __name__ == "__main__":  # not where a process that `multiprocessing` spawns imports it
    main()
