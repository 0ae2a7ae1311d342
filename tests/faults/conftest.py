"""The corpus of seeded faults: the cases they are seeded in, and the reference's traces of them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # mutations, port_faults, log_faults
