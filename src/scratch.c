/* Growing scratch memory, one set of buffers per thread: kernels request what they need in every call, and a buffer is
 * reallocated only when a request is larger than all before. Freed when the thread ends. */
#include "fastconv.h"

#include <pthread.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { PAGE = 4096, HUGE_PAGE = 2 << 20, HUGE_FROM = 128 << 10 };

typedef struct {
    void *data;
    size_t bytes;
} buffer;

static __thread buffer slots[FC_SCRATCH_SLOTS];
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void release(void *owned)
{
    buffer *b = owned;
    for (int i = 0; i < FC_SCRATCH_SLOTS; i++) {
        free(b[i].data);
        b[i] = (buffer){NULL, 0};
    }
}

static void make_key(void) { pthread_key_create(&at_exit, release); }

#if defined(__SANITIZE_ADDRESS__)
enum { EXACT = 1 }; /* every request has a buffer of its very size, so that accesses beyond it are noticed */
#else
enum { EXACT = 0 };
#endif

void *fc_scratch(int slot, size_t bytes)
{
    buffer *b = &slots[slot];
    if (b->data && (EXACT ? b->bytes == bytes : b->bytes >= bytes)) return b->data;
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, slots);
    free(b->data);
    *b = (buffer){NULL, 0};
    /* Whole pages, so that buffers of two threads never share a cache line or a page. Transforms access a buffer with
     * strides of several kilobytes: with small pages TLB misses would cost more than the data. */
    const size_t page = bytes >= HUGE_FROM ? HUGE_PAGE : PAGE;
    const size_t whole = EXACT ? bytes : (bytes + page - 1) / page * page;
    void *data = NULL;
    if (whole < bytes || posix_memalign(&data, page, whole ? whole : page)) return NULL;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (page == HUGE_PAGE) madvise(data, whole, MADV_HUGEPAGE); /* only a hint: if it fails, the pages stay small */
#endif
    *b = (buffer){data, whole};
    return data;
}
