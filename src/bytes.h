/* Loads and stores of up to eight bytes, to and from the low end of a 64-bit word, that access no byte beyond them. For
 * vector headers whose instruction set has no masked byte moves. */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t load_bytes(const uint8_t *p, ptrdiff_t n)
{
    uint64_t b = 0;
    if (n >= 8) {
        memcpy(&b, p, 8);
    } else if (n >= 4) {
        uint32_t low, high; /* they overlap by 8 - n bytes */
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        b = low | (uint64_t)high << (8 * (n - 4));
    } else if (n > 0) {
        b = p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[n - 1] << (8 * (n - 1));
    }
    return b;
}

static inline void store_bytes(uint8_t *p, uint64_t b, ptrdiff_t n)
{
    if (n >= 8) {
        memcpy(p, &b, 8);
    } else if (n >= 4) {
        const uint32_t low = (uint32_t)b, high = (uint32_t)(b >> (8 * (n - 4)));
        memcpy(p, &low, 4);
        memcpy(p + n - 4, &high, 4);
    } else {
        for (ptrdiff_t i = 0; i < n; i++) p[i] = (uint8_t)(b >> (8 * i));
    }
}

#endif
