"""Where data lies on this machine: the user's cache and the folder of official files."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder for downloads and decoded images; it need not exist yet.

    ``FASTCONV_CACHE`` names another one than the operating system's usual place.
    """
    chosen = os.environ.get("FASTCONV_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "fastconv"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "fastconv"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fastconv"


def data_dir() -> Path | None:
    """Return the folder that ``FASTCONV_DATA`` names, or None when the variable is not set."""
    chosen = os.environ.get("FASTCONV_DATA")
    if not chosen:
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"FASTCONV_DATA: must name an existing folder; received {chosen!r}")
    return folder
