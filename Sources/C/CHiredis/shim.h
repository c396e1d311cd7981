#ifndef MARTLET_CHIREDIS_SHIM_H
#define MARTLET_CHIREDIS_SHIM_H

#include <hiredis/hiredis.h>

#endif
