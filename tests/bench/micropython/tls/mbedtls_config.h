// SPDX-License-Identifier: Apache-2.0
// Where the Mbed TLS of MicroPython 1.25 on an ESP32 is configured otherwise than Mbed TLS 3.6 by itself.
//
// From the defaults of ESP-IDF 5.2.2 (components/mbedtls/Kconfig and port/include/mbedtls/esp_config.h) with MicroPython's
// ports/esp32/boards/sdkconfig.base. Left out: the chip's accelerators for AES, SHA and long integers, its clock, and its
// generator of random numbers. MBEDTLS_DYNAMIC_BUFFER, which would give buffers back, is off: it excludes DTLS.

// A record that comes in may be as long as TLS allows, one that goes out 4 KB: CONFIG_MBEDTLS_ASYMMETRIC_CONTENT_LEN.
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096

#define MBEDTLS_PLATFORM_MEMORY // calloc and free are the caller's: here they count
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_SSL_DTLS_SRTP

#undef MBEDTLS_SSL_PROTO_TLS1_3
#undef MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_ENABLED
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#undef MBEDTLS_SSL_ALPN
#undef MBEDTLS_SSL_CONTEXT_SERIALIZATION
#undef MBEDTLS_SSL_DTLS_CONNECTION_ID
#undef MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT

#undef MBEDTLS_KEY_EXCHANGE_DHE_PSK_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_DHE_RSA_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_PSK_ENABLED
#undef MBEDTLS_KEY_EXCHANGE_RSA_PSK_ENABLED

#undef MBEDTLS_ECP_DP_BP256R1_ENABLED
#undef MBEDTLS_ECP_DP_BP384R1_ENABLED
#undef MBEDTLS_ECP_DP_BP512R1_ENABLED
#undef MBEDTLS_ECP_DP_CURVE25519_ENABLED
#undef MBEDTLS_ECP_DP_CURVE448_ENABLED

#undef MBEDTLS_CAMELLIA_C
#undef MBEDTLS_CHACHA20_C
#undef MBEDTLS_CHACHAPOLY_C
#undef MBEDTLS_DEBUG_C
#undef MBEDTLS_DES_C
#undef MBEDTLS_DHM_C
#undef MBEDTLS_ECJPAKE_C
#undef MBEDTLS_HKDF_C
#undef MBEDTLS_NIST_KW_C
#undef MBEDTLS_POLY1305_C
#undef MBEDTLS_RIPEMD160_C
