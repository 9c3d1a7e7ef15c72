"""What `import fastconv` promises: lazy, and a clear error when the kernels are not compiled."""

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from source_tree import copy_package

import fastconv

PACKAGE = Path(fastconv.__file__).parent
HEAVY = ("numpy", "tqdm", "safetensors", "PIL", "pooch", "threadpoolctl", "matplotlib")


def run(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", ["fastconv", "fastconv.layers", "fastconv.kernels.matmul.gemm"])
def test_source_folder_says_what_to_do(tmp_path, name):
    done = run(f"import {name}", copy_package(tmp_path))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: fastconv: ")
    assert "source folder of a checkout, not an installed package" in last
    assert "pip install ." in last
    assert "pip install -e ." in last
    assert str(tmp_path / "fastconv") in last


def test_compiled_beside_the_sources_is_installed(tmp_path):
    copy_package(tmp_path)
    (tmp_path / "fastconv" / "kernels" / f"_isa{EXTENSION_SUFFIXES[0]}").touch()
    done = run("import fastconv; print(fastconv.__version__)", tmp_path)
    assert done.stdout.strip() == fastconv.__version__


def test_import_loads_nothing_heavy(tmp_path):
    folder = str(PACKAGE.parent)
    done = run(
        f"import sys; sys.path.insert(0, {folder!r}); import fastconv; "
        f"print([m for m in {HEAVY} + ('fastconv.layers',) if m in sys.modules])",
        tmp_path,
    )
    assert done.stdout.strip() == "[]"


def test_layers_and_models_load_only_numpy(tmp_path):
    folder = str(PACKAGE.parent)
    done = run(
        f"import sys; sys.path.insert(0, {folder!r}); import fastconv; "
        "fastconv.layers, fastconv.models, fastconv.ops; "
        f"print([m for m in {HEAVY} if m in sys.modules])",
        tmp_path,
    )
    assert done.stdout.strip() == "['numpy']"


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Sequentail'"):
        fastconv.Sequentail  # noqa: B018


def test_dir_lists_lazy_names():
    assert {"Sequential", "layers", "set_num_threads", "__version__"} <= set(dir(fastconv))
