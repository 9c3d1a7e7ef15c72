"""The fuzz suite's command: ``python tests/fuzz/run.py TARGET --calls 100000 --seed 0 --jobs 1``.

TARGET is one of `driver.TARGETS`, or ``all``. The exit status is 1 if anything was found that
`known.py` does not list; ``--only NUMBER`` runs one case again.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

if __name__ == "__main__":
    import driver

    sys.exit(driver.main())
