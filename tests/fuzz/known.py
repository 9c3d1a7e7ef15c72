"""Defects that are known and not yet mended: a pattern of a finding's line, and the defect.

The driver counts what a pattern finds under the defect. Every entry has a small reproducer of the
same name in reproducers.py; test_known.py fails as soon as that passes: then the entry goes, and
the reproducer stays as an ordinary test.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Known(NamedTuple):
    """A defect: its name, what its findings look like, and a sentence."""

    name: str
    pattern: str
    defect: str


KNOWN: list[Known] = [
    Known(
        "deep_json",
        r"^(model|weights|backup|checkpoint|cache) .*: exception RecursionError",
        "deeply nested JSON raises RecursionError",
    ),
    Known(
        "long_integer_in_json",
        r"^(model|weights|backup|checkpoint|cache) .*: Exceeds the limit",
        "an integer of 5,000 digits in JSON is refused without the file's name",
    ),
    Known(
        "overflow_in_description",
        r"^(model|backup|checkpoint) .*: exception OverflowError",
        '"epoch": Infinity or a huge integer in a description raises OverflowError',
    ),
    Known(
        "model_memory",
        r"^(model|checkpoint|backup) .*: "
        r"(memory|MemoryError|hang|exception OSError: .*memory|.*Unable to allocate)",
        "a description of large layers takes their memory before the tensors are looked at",
    ),
    Known(
        "backup_description",
        r"^backup .*: exc\w+ (KeyError|TypeError|AttributeError|IndexError)",
        "BackupAndRestore does not check the description in its file",
    ),
    Known(
        "backup_without_name",
        r"^backup .*: exception without the file's name",
        "an error about the description in a backup does not name the file",
    ),
    Known(
        "history_field_limit",
        r"^history .*: exception Error: field larger",
        "a field of more than 131,072 characters in history.csv raises csv.Error",
    ),
    Known(
        "history_not_finite",
        r"^history .*: wrong data: (nan|inf|-inf) seconds",
        "history.csv gives seconds that are not finite",
    ),
    Known(
        "layer_ragged_list",
        r"^(layers|losses) \S+: exception without .*inhomogeneous shape",
        "a list whose rows differ in length raises NumPy's own ValueError",
    ),
    Known(
        "layer_truth_of_array",
        r"^(layers|losses) \S+: exception without .*truth value of an",
        "an array as a flag or a name of a layer or loss raises NumPy's own ValueError",
    ),
    Known(
        "merging_function_of_lists",
        r"^layers (add|average|concatenate|maximum|minimum|multiply|subtract): exception Attribute",
        "functions such as concatenate raise AttributeError for lists instead of arrays",
    ),
    Known(
        "layer_oserror",
        r"^layers \S+: exception OSError: .*Cannot allocate memory",
        "memory that cannot be had raises OSError in a layer, not MemoryError",
    ),
    Known(
        "upsampling_of_vectors",
        r"^layers UpSampling2D: exception without .*values to unpack",
        "UpSampling2D called on vectors raises Python's own ValueError",
    ),
    Known(
        "label_out_of_range",
        r"^losses metrics.SparseTopK\S+: exception IndexError",
        "SparseTopKCategoricalAccuracy raises IndexError for a label out of range",
    ),
    Known(
        "sample_weight_shape",
        r"^losses losses.\S+: exception without .*(broadcast|reshape)",
        "a loss's sample_weight of another shape raises NumPy's own ValueError",
    ),
    Known(
        "metric_of_nothing",
        r"^losses metrics.\S+: exception without .*(zero-size array|argmax of "
        r"an empty)",
        "metrics of no samples raise NumPy's own ValueError",
    ),
    Known(
        "metric_shapes",
        r"^losses metrics.\S+: exception without .*(number of dimensions|"
        r"could not be broadcast)",
        "accuracies compare (n, 1) with (n,): NumPy's own ValueError",
    ),
    Known(
        "metrics_get_arguments",
        r"^losses metrics.get: exception",
        "metrics.get does not check its arguments loss and output_shape",
    ),
    Known(
        "confusion_matrix_size",
        r"^losses metrics.(confusion_matrix|ConfusionMatrix): (exception "
        r"without .*array is too big|MemoryError|hang|memory)",
        "a confusion matrix of a billion classes raises NumPy's own error",
    ),
    Known(
        "checkpoint_other_outputs",
        r"^checkpoint .*: exception (TypeError|IndexError)",
        "fastconv predict raises on a checkpoint whose outputs do not fit its class names",
    ),
    Known(
        "whitening_filters_of_nan",
        r"^layers whitening_filters: exception without .*LinAlgError",
        "whitening_filters of NaN raises NumPy's LinAlgError",
    ),
]


def defect_of(line: str) -> str | None:
    """The sentence of the first entry whose pattern is found in a finding's line."""
    for known in KNOWN:
        if re.search(known.pattern, line, re.DOTALL):
            return f"{known.name}: {known.defect}"
    return None
