"""`python -m hiermeta`, for environments where the command isn't installed."""

import sys

from hiermeta.cli import main

sys.exit(main())
