"""What the recipes take on this machine: runs that go on where they stopped, and their table."""
