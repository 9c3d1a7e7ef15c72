"""What `import fastconv` promises: lazy, and a clear word when the kernels are not compiled."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastconv

PACKAGE = Path(fastconv.__file__).parent


def run(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=60
    )


def checkout(folder: Path) -> Path:
    """A copy of the package's entrance beside sources of kernels that nobody compiled."""
    (folder / "fastconv" / "kernels").mkdir(parents=True)
    for name in ("__init__.py", "_version.py"):
        shutil.copy(PACKAGE / name, folder / "fastconv" / name)
    (folder / "fastconv" / "kernels" / "__init__.py").touch()
    (folder / "fastconv" / "kernels" / "_isa.pyx").touch()
    return folder


def test_source_folder_says_what_to_do(tmp_path):
    done = run("import fastconv", checkout(tmp_path))
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: fastconv: ")
    assert "source folder of a checkout, not an installed package" in last
    assert "pip install ." in last
    assert "pip install -e ." in last
    assert str(tmp_path / "fastconv") in last


def test_compiled_beside_the_sources_is_installed(tmp_path):
    from importlib.machinery import EXTENSION_SUFFIXES

    checkout(tmp_path)
    (tmp_path / "fastconv" / "kernels" / f"_isa{EXTENSION_SUFFIXES[0]}").touch()
    done = run("import fastconv; print(fastconv.__version__)", tmp_path)
    assert done.stdout.strip() == fastconv.__version__


def test_import_loads_nothing_heavy(tmp_path):
    folder = str(PACKAGE.parent)
    done = run(
        f"import sys; sys.path.insert(0, {folder!r}); import fastconv; "
        "print([m for m in ('numpy', 'tqdm', 'safetensors', 'PIL', 'pooch', 'threadpoolctl',"
        " 'matplotlib', 'fastconv.layers') if m in sys.modules])",
        tmp_path,
    )
    assert done.stdout.strip() == "[]"


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Sequentail'"):
        fastconv.Sequentail  # noqa: B018


def test_dir_lists_lazy_names():
    assert {"Sequential", "layers", "set_num_threads", "__version__"} <= set(dir(fastconv))
