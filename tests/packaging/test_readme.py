"""The README shows the program that lies in examples/."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_the_quickstart():
    program = (ROOT / "examples" / "quickstart.py").read_text()
    assert f"```python\n{program}```" in (ROOT / "README.md").read_text()
