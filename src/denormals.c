/* How denormals are treated, a setting of the calling thread. */
#include "fastconv.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

unsigned fc_flush_denormals(void)
{
    const unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040); /* flush-to-zero, denormals-are-zero */
    return old;
}

void fc_restore_denormals(unsigned state) { _mm_setcsr(state); }

#else

unsigned fc_flush_denormals(void) { return 0; }
void fc_restore_denormals(unsigned state) { (void)state; }

#endif
