#ifndef MARTLET_CALLOCATIONS_H
#define MARTLET_CALLOCATIONS_H

/* The allocations that the calling thread has made; 0 for ever where they cannot be counted. */
unsigned long martlet_allocation_count(void);

#endif
