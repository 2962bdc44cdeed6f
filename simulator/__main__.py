"""`python -m simulator` is `powerwall simulate`."""

import sys

from simulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
