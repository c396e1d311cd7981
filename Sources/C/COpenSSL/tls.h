#ifndef MARTLET_COPENSSL_TLS_H
#define MARTLET_COPENSSL_TLS_H

#include <openssl/ssl.h>

#endif
