#define NAME portable
#include "simd_portable.h"

#include "kernel_bodies.h"
