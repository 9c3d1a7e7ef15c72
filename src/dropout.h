/* Dropout from a counter-based generator: whether element e is kept depends only on the seed, the step and e.
 *
 * Philox-4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011) turns a counter of
 * four 32-bit words and a key of two into four random words. Here the counter is (e / 4, step), both of 64 bits with
 * the low word first, the key is the seed, and element e uses word e % 4. It is kept if that word is at least
 * `threshold`. */

#define PHILOX_ROUNDS 10

/* The words of VL/2 blocks, two per 64-bit lane: a has words 0 and 1, b has 2 and 3. Between rounds a word is in the
 * low half of its lane and the high half is undefined: the products read low halves only. */
FN void philox(vq block, vq step, const vq (*keys)[2], vq *a, vq *b)
{
    const vq low = (vq){0} + 0xffffffffu;
    vq c0 = block, c1 = block >> 32, c2 = step, c3 = step >> 32;
#pragma GCC unroll 10
    for (int i = 0; i < PHILOX_ROUNDS; i++) {
        const vq p0 = q_mul(c0, 0xd2511f53u), p1 = q_mul(c2, 0xcd9e8d57u);
        c0 = (p1 >> 32) ^ c1 ^ keys[i][0];
        c1 = p1;
        c2 = (p0 >> 32) ^ c3 ^ keys[i][1];
        c3 = p0;
    }
    *a = (c0 & low) | (c1 << 32);
    *b = (c2 & low) | (c3 << 32);
}

/* y = x * scale where kept, else 0, for the n elements from index `first` on, a multiple of 4. y may be x. */
static void dropout(ptrdiff_t n, uint64_t first, const float *x, float *y, const fc_dropout *d)
{
    vq keys[PHILOX_ROUNDS][2], block = (vq){0} + first / 4;
    const vq step = (vq){0} + d->step;
    const vf scale = v_set1(d->scale), zero = v_zero();
    uint32_t k0 = (uint32_t)d->seed, k1 = (uint32_t)(d->seed >> 32);
    for (int i = 0; i < PHILOX_ROUNDS; i++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) {
        keys[i][0] = (vq){0} + k0;
        keys[i][1] = (vq){0} + k1;
    }
    /* Zipping the even lanes must give the first VL elements in order, so the even lanes hold the first VL/4 blocks. */
    for (int j = 0; j < VL / 2; j++) block[j] += (uint64_t)(j / 2 + j % 2 * (VL / 4));
    ptrdiff_t i = 0;
    for (; i < n; i += 2 * VL, block += VL / 2) {
        vq a, b;
        philox(block, step, (const vq(*)[2])keys, &a, &b);
        const vm kept[2] = {q_words_ge(q_zip_even(a, b), d->threshold), q_words_ge(q_zip_odd(a, b), d->threshold)};
        if (n - i >= 2 * VL) {
            v_store(y + i, v_select(kept[0], v_load(x + i) * scale, zero));
            v_store(y + i + VL, v_select(kept[1], v_load(x + i + VL) * scale, zero));
        } else {
            for (int j = 0; j < 2; j++) {
                const ptrdiff_t at = i + j * VL, left = n > at ? n - at : 0;
                v_store_first(y + at, v_select(kept[j], v_load_first(x + at, left) * scale, zero), left);
            }
        }
    }
}
