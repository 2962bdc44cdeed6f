"""`python3 -m pypowerwall scan`, as scripts of dashboards call it: the commands of the core."""

import sys

from pypowerwall_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
