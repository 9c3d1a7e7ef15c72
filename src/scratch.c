/* Growing scratch memory, one set of buffers per thread: a kernel asks for what it needs at every call, and nothing
 * is allocated again until somebody asks for more. Given back when the thread ends. */
#include "fastconv.h"

#include <pthread.h>
#include <stdlib.h>

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

void *fc_scratch(int slot, size_t bytes)
{
    buffer *b = &slots[slot];
    if (b->bytes >= bytes && b->data) return b->data;
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, slots);
    free(b->data);
    *b = (buffer){NULL, 0};
    /* whole pages, so that buffers of two threads never share a cache line or a page */
    const size_t whole = (bytes + 4095) / 4096 * 4096;
    void *data = NULL;
    if (whole < bytes || posix_memalign(&data, 4096, whole ? whole : 4096)) return NULL;
    *b = (buffer){data, whole};
    return data;
}
