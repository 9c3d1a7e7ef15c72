"""Train the CIFAR-10 table's network on this machine and print the table of training times.

    python benchmarks/cifar10_table.py [DATA] [--peers] [--as-published] [--measure-epochs K] ...

The same as ``fastconv bench --table``. It goes on where it was interrupted.
"""

import sys

from fastconv.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", "--table", *sys.argv[1:]]))
