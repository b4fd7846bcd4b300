"""`python -m lanparty_gateway` is `lanparty-gateway`."""

import sys

from lanparty_gateway.command import main

sys.exit(main())
