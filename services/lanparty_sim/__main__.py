"""`python -m lanparty_sim` is `lanparty-sim`."""

import sys

from lanparty_sim.command import main

sys.exit(main())
