/* Where pooling windows lie along one axis: k taps, moved in steps of s over `size` elements behind `padding` others, to
 * o places. Only what lies inside [0, size) is ever touched, and every window touches something. */

typedef struct {
    ptrdiff_t begin, end;
} span;

/* The elements under window w */
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

/* The windows over an element; positions count from the edge of the padding. Windows w in [0, o) with w*s <= position < w*s + k. */
FN span windows_over(ptrdiff_t position, ptrdiff_t k, ptrdiff_t s, ptrdiff_t o)
{
    const ptrdiff_t begin = position < k ? 0 : (position - k) / s + 1, end = position / s + 1;
    return (span){begin, end < o ? end : o};
}

/* The same from the answer for an earlier position, without a division; {0, 0} to begin with */
FN void move_to(span *over, ptrdiff_t position, ptrdiff_t k, ptrdiff_t s, ptrdiff_t o)
{
    while (over->end < o && over->end * s <= position) over->end++;
    while (over->begin < over->end && over->begin * s + k <= position) over->begin++;
}

/* What the output at r has to itself when windows do not overlap: [begin, end) of the elements along one axis. Together
 * these bands cover all elements, with the gaps between windows and the rest behind the last. */
FN span band_of(ptrdiff_t r, ptrdiff_t s, ptrdiff_t padding, ptrdiff_t size, ptrdiff_t o)
{
    const ptrdiff_t begin = r * s - padding, end = begin + s;
    return (span){begin < 0 ? 0 : begin, r == o - 1 || end > size ? size : end};
}
