"""`python -m console` is the same as `tlconsole`."""

import sys

from console.app import main

if __name__ == "__main__":
    sys.exit(main())
