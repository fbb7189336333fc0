"""`python -m duologue`: the command line."""

import sys

from duologue._cli import main

if __name__ == "__main__":
    sys.exit(main())
