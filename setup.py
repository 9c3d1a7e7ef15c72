"""Build the C micro-kernels (src/) and the Cython kernels (fastconv/kernels/).

All other package metadata is in pyproject.toml. The instruction set is chosen when the package is
imported, so nothing here depends on the machine that builds it.

Environment: FASTCONV_WERROR=1 makes the C compiler's warnings errors; FASTCONV_DEBUG=1 turns
Cython's bounds checks on and the optimiser down; FASTCONV_NO_OPENMP=1 builds for one thread on
purpose; FASTCONV_SANITIZE=address,undefined builds with the compiler's sanitizers.
"""

import os
import re
import sys
import sysconfig
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.errors import SetupError

DEBUG = os.environ.get("FASTCONV_DEBUG") == "1"
# Such as "address,undefined": see docs/safety.md for how such a build is run.
SANITIZE = os.environ.get("FASTCONV_SANITIZE", "")
OPENMP = os.environ.get("FASTCONV_NO_OPENMP") != "1"

SANITIZER_FLAGS = (
    [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g1"]
    if SANITIZE
    else []
)
# Neither changes a result: no errno from sqrtf, no promise about floating-point traps.
VALUE_SAFE = ["-fno-math-errno", "-fno-trapping-math"]
COMPILE_C = [
    *(["-O1", "-g"] if DEBUG else ["-O1" if SANITIZE else "-O3", "-g0"]),
    *VALUE_SAFE,
    *SANITIZER_FLAGS,
]
# The Cython side blocks and packs; its loops gain nothing from -O3, its compile time does.
COMPILE_CYTHON = [
    *(["-O0", "-g"] if DEBUG else ["-O1" if SANITIZE else "-O2", "-g0"]),
    *VALUE_SAFE,
    *SANITIZER_FLAGS,
]
WARN = ["-Wall", "-Wextra"] + (["-Werror"] if os.environ.get("FASTCONV_WERROR") == "1" else [])

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "freethreading_compatible": True,
    "embedsignature": True,
}

C_SOURCES = sorted(str(p) for p in Path("src").glob("*.c"))
C_HEADERS = sorted(str(p) for p in Path("src").glob("*.h"))
MODULES = sorted(str(p) for p in Path("fastconv", "kernels").rglob("*.pyx"))
# Cython's memoryview support code, compiled once instead of into every module.
SHARED = "fastconv.kernels._cython_shared"


def openmp_flags() -> tuple[list[str], list[str]]:
    """OpenMP flags for the compiler and the linker."""
    if not OPENMP:
        return [], []
    if sys.platform == "darwin":
        return ["-Xpreprocessor", "-fopenmp"], ["-lomp"]
    return ["-fopenmp"], ["-fopenmp"]


def probe(compiler) -> None:
    """Compile and link small test programs; raise an error that names what is missing."""
    compile_flags, link_flags = openmp_flags()
    trials = [
        (
            "int main(void) { return 0; }",
            [],
            [],
            "fastconv needs a C compiler and found none that works: install one (Debian/Ubuntu: "
            "apt install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install).",
        ),
        (
            "#include <Python.h>\nint main(void) { return 0; }",
            [],
            [],
            "fastconv needs the headers of this Python: install them "
            "(Debian/Ubuntu: apt install python3-dev; Fedora: dnf install python3-devel).",
        ),
        (
            "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }",
            compile_flags,
            link_flags,
            "fastconv needs OpenMP, which this C compiler lacks: install it (Debian/Ubuntu: "
            "apt install libgomp1 with gcc, libomp-dev with clang; macOS: brew install libomp), "
            "or set FASTCONV_NO_OPENMP=1 to build for one thread.",
        ),
    ]
    for program, compile_args, link_args, advice in trials[: 3 if OPENMP else 2]:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program)
            try:
                objects = compiler.compile(
                    [str(source)], output_dir=folder, extra_preargs=compile_args
                )
                if "Python.h" not in program:  # Python's own symbols come from the interpreter
                    compiler.link_executable(
                        objects, "probe", output_dir=folder, extra_postargs=link_args
                    )
            except Exception:  # the compiler's own output, above, gives the reason
                tried = getattr(compiler, "compiler", ["the default compiler"])[0]
                raise SetupError(f"{advice} (Tried: {tried}.)") from None


class Build(build):
    """Builds the C library first, to report a missing compiler before files are copied."""

    def run(self):
        self.run_command("build_clib")
        super().run()


class BuildSources(build_clib):
    """The C library, built after probing the compiler; rebuilt when a header changes."""

    def build_libraries(self, libraries):
        self.compiler.add_include_dir(sysconfig.get_path("include"))
        probe(self.compiler)
        super().build_libraries(libraries)


class BuildKernels(build_ext):
    """The extension modules; Cython translates them only when they are about to be compiled."""

    def run(self):
        from Cython.Build import cythonize

        self.parallel = self.parallel or os.cpu_count()
        # An in-place build (pip install -e) does not build the C library by itself.
        self.run_command("build_clib")
        translated = cythonize(
            self.extensions,
            compiler_directives=DIRECTIVES,
            shared_utility_qualified_name=SHARED,
            nthreads=0 if sys.platform == "win32" else os.cpu_count() or 1,
            quiet=True,
        )
        sources = {extension.name: extension.sources for extension in translated}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        super().run()


def declarations_of(module: str) -> list[Path]:
    """A module and the .pxd files of this package that it cimports, directly or indirectly."""
    found, new = [], [Path(module), Path(module).with_suffix(".pxd")]
    while new:
        file = new.pop()
        if file in found or not file.exists():
            continue
        found.append(file)
        names = re.findall(r"^from (fastconv\.[\w.]+) cimport", file.read_text(), re.M)
        new += [Path(*name.split(".")).with_suffix(".pxd") for name in names]
    return found


def headers_of(module: str) -> list[str]:
    """The headers that a module is compiled against: fastconv.h and its families' table headers."""
    text = "".join(file.read_text() for file in declarations_of(module))
    return sorted({f"src/{name}" for name in re.findall(r'extern from "(\w+\.h)"', text)})


def extensions() -> list[Extension]:
    compile_flags, link_flags = openmp_flags()
    kernels = [
        Extension(
            module.removesuffix(".pyx").replace(os.sep, "."),
            [module],
            include_dirs=["src"],
            extra_compile_args=COMPILE_CYTHON + compile_flags,
            extra_link_args=link_flags + SANITIZER_FLAGS[:1],
            # The C code lies in one module only; the others reach it through the table that it
            # hands out.
            libraries=["fastconv_src", "m"] if module.endswith("_isa.pyx") else ["m"],
            depends=C_SOURCES + C_HEADERS if module.endswith("_isa.pyx") else headers_of(module),
        )
        for module in MODULES
    ]
    shared = Extension(
        SHARED,
        [],
        extra_compile_args=COMPILE_CYTHON,
        extra_link_args=SANITIZER_FLAGS[:1],
        include_dirs=["src"],
        libraries=["m"],
    )
    return [*kernels, shared]


sources = {
    "sources": C_SOURCES,
    "include_dirs": ["src"],
    "cflags": COMPILE_C + WARN,
    "obj_deps": {"": C_HEADERS},
}

setup(
    libraries=[("fastconv_src", sources)],
    ext_modules=extensions(),
    cmdclass={"build": Build, "build_clib": BuildSources, "build_ext": BuildKernels},
)
