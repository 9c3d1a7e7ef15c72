/* Pooling windows along one axis: k taps, moved with stride s to o positions over `padding` and then `size` elements.
 * Only elements inside [0, size) are accessed, and every window contains at least one. */

typedef struct {
    ptrdiff_t begin, end;
} span;

/* The elements inside window w */
FN span inside(ptrdiff_t w, ptrdiff_t k, ptrdiff_t s, ptrdiff_t padding, ptrdiff_t size)
{
    const ptrdiff_t begin = w * s - padding, end = begin + k;
    return (span){begin < 0 ? 0 : begin, end > size ? size : end};
}

FN ptrdiff_t count_inside(ptrdiff_t w, ptrdiff_t k, ptrdiff_t s, ptrdiff_t padding, ptrdiff_t size)
{
    const span taps = inside(w, k, s, padding, size);
    return taps.end - taps.begin;
}

/* The windows that contain an element: w in [0, o) with w*s <= position < w*s + k. Positions count from the start of
 * the padding. */
FN span windows_over(ptrdiff_t position, ptrdiff_t k, ptrdiff_t s, ptrdiff_t o)
{
    const ptrdiff_t begin = position < k ? 0 : (position - k) / s + 1, end = position / s + 1;
    return (span){begin, end < o ? end : o};
}

/* The same, updated from the result for an earlier position, without a division; initially {0, 0} */
FN void move_to(span *over, ptrdiff_t position, ptrdiff_t k, ptrdiff_t s, ptrdiff_t o)
{
    while (over->end < o && over->end * s <= position) over->end++;
    while (over->begin < over->end && over->begin * s + k <= position) over->begin++;
}

/* The elements [begin, end) along one axis that belong to output r when windows do not overlap. Together these bands
 * cover all elements, including the gaps between windows and the rest after the last. */
FN span band_of(ptrdiff_t r, ptrdiff_t s, ptrdiff_t padding, ptrdiff_t size, ptrdiff_t o)
{
    const ptrdiff_t begin = r * s - padding, end = begin + s;
    return (span){begin < 0 ? 0 : begin, r == o - 1 || end > size ? size : end};
}
