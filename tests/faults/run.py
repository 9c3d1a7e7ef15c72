"""The fault suite's command: kills at random instants, and every instant by itself.

``python tests/faults/run.py --kills 300 --seed 0`` kills real processes;
``python tests/faults/run.py --instants`` ends a run at every call that touches a file, within
writes, by signals, by a full disk and by a lack of memory. The exit status is 1 if anything was
lost or differs.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    """Run what the command line asks for."""
    from every_instant import FAULTS, run_instants
    from fault_runs import KINDS, Server, make_images
    from random_kills import Tally, run_kills

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--instants", action="store_true")
    arguments = parser.parse_args()
    began, failed = time.monotonic(), False

    def report(tally: Tally) -> None:
        if tally.kills % 25 == 0:
            print(f"{time.monotonic() - began:.0f} s: {tally}", flush=True)

    # In memory, where there is such a folder: there are thousands of waits for the disk.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        folder = Path(scratch)
        images = make_images(folder / "images")
        with Server(images) as server:
            if arguments.kills:
                tally = run_kills(
                    server, arguments.kills, arguments.seed, images, folder, report=report
                )
                print("\n".join([str(tally), *tally.faults]))
                failed = bool(tally.faults)
            for kind in KINDS if arguments.instants else ():
                for fault in FAULTS:
                    done, found = run_instants(server, kind, fault, images, folder)
                    print(f"{kind}, {fault}: {done} runs, {len(found)} faults", flush=True)
                    print("\n".join(found), end="\n" if found else "")
                    failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
