"""``python -m marl``."""

from __future__ import annotations

import sys

from marl.cli.main import main

sys.exit(main())
