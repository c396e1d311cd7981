#ifndef MARTLET_CLINUX_SHIM_H
#define MARTLET_CLINUX_SHIM_H

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setaffinity(2) by its number: the library's wrapper needs _GNU_SOURCE and a macro for each bit. */
static inline int martlet_pin(unsigned core) {
    unsigned long mask[16] = {0};
    const unsigned bits = 8 * sizeof(unsigned long);
    if (core >= 16 * bits) {
        return -1;
    }
    mask[core / bits] = 1UL << (core % bits);
    return (int)syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
}

#endif
