"""``python -m tests.fuzz``: the same as ``python tests/fuzz/run.py``."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).with_name("run.py")), run_name="__main__")
