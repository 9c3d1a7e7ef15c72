"""One pass over arrays: arithmetic, merging, dropout, strided copies."""
