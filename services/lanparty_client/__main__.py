"""`python -m lanparty_client` is `lanparty-client`."""

import sys

from lanparty_client.command import main

sys.exit(main())
