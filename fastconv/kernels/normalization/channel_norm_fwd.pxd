cdef int same_channels(
    str where, const float[:, :, ::1] x, const float[:, ::1] mean, const float[:, ::1] inv,
    const float[::1] gamma, const float[::1] beta) except -1
cdef int activation_index(str kind) except -1
