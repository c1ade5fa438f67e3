// SPDX-License-Identifier: Apache-2.0
// Do over TLS what a meter does, with Mbed TLS called as MicroPython's extmod/modtls_mbedtls.c calls it, and tell memory.
//
//     client PORT CA.der REQUEST_BYTES
//
// The handshake is cut into pieces as electro_meter/handshake.py cuts it: the first byte of a record is there only once a
// call, so that mbedtls_ssl_handshake returns after each record that it has read and worked on.
//
// Prints a line for each stage: its name, then bytes, blocks, and the most bytes until then, all as allocated on a chip:
// ESP-IDF's heap rounds to 4 bytes, gives no block less than 12, and keeps a word before each (TLSF).

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mbedtls/ctr_drbg.h"
#include "mbedtls/entropy.h"
#include "mbedtls/platform.h"
#include "mbedtls/ssl.h"

#define LEAST_BLOCK (12)
#define WORD (4)
#define RECORD_HEADER (5) // Mbed TLS asks for so much, then for as much as that says

static int may_begin_a_record;
static size_t bytes, blocks, most_bytes, largest_block;

static size_t on_chip(size_t asked) {
    size_t rounded = (asked + WORD - 1) / WORD * WORD;
    return (rounded < LEAST_BLOCK ? LEAST_BLOCK : rounded) + WORD;
}

static void *counting_calloc(size_t count, size_t size) {
    size_t *block = calloc(1, 16 + count * size); // its size lies before it
    if (block == NULL) {
        return NULL;
    }
    *block = on_chip(count * size);
    bytes += *block;
    blocks++;
    most_bytes = bytes > most_bytes ? bytes : most_bytes;
    largest_block = *block > largest_block ? *block : largest_block;
    return (char *)block + 16;
}

static void counting_free(void *memory) {
    if (memory != NULL) {
        size_t *block = (size_t *)((char *)memory - 16);
        bytes -= *block;
        blocks--;
        free(block);
    }
}

static void tell(const char *stage) {
    printf("%s %zu %zu %zu\n", stage, bytes, blocks, most_bytes);
}

static void insist(const char *what, int error) {
    if (error < 0) {
        fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-error);
        exit(1);
    }
}

static int send_to(void *context, const unsigned char *data, size_t length) {
    return (int)send(*(int *)context, data, length, 0);
}

static int receive_from(void *context, unsigned char *data, size_t length) {
    if (length == RECORD_HEADER) {
        if (!may_begin_a_record) {
            return MBEDTLS_ERR_SSL_WANT_READ;
        }
        may_begin_a_record = 0;
    }
    return (int)recv(*(int *)context, data, length, 0);
}

static int accept_as_verified(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    (void)context, (void)certificate, (void)depth, (void)flags;
    return 0; // flags stay: what is wrong is still refused
}

static int connected(int port) {
    int link = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    insist("connect", connect(link, (struct sockaddr *)&place, sizeof(place)));
    return link;
}

int main(int count, char **given) {
    if (count != 4) {
        return 2;
    }
    mbedtls_platform_set_calloc_free(counting_calloc, counting_free);

    static mbedtls_entropy_context entropy; // these seven lie in MicroPython's own heap on the chip
    static mbedtls_ctr_drbg_context random;
    static mbedtls_ssl_config config;
    static mbedtls_x509_crt ca, own;
    static mbedtls_pk_context key;
    static mbedtls_ssl_context ssl;
    printf("objects %zu 7 0\n", sizeof(entropy) + sizeof(random) + sizeof(config) + sizeof(ca) + sizeof(own) + sizeof(key) + sizeof(ssl));

    mbedtls_ssl_config_init(&config);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_x509_crt_init(&ca);
    mbedtls_x509_crt_init(&own);
    mbedtls_pk_init(&key);
    insist("seed", mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, (const unsigned char *)"upy", 4));
    insist("defaults", mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_verify(&config, accept_as_verified, NULL);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);

    static unsigned char der[4096];
    FILE *file = fopen(given[2], "rb");
    size_t length = file == NULL ? 0 : fread(der, 1, sizeof(der), file);
    insist("CA", mbedtls_x509_crt_parse(&ca, der, length));
    mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
    tell("context_with_CA");

    mbedtls_ssl_init(&ssl);
    insist("setup", mbedtls_ssl_setup(&ssl, &config));
    insist("name", mbedtls_ssl_set_hostname(&ssl, "localhost"));
    int link = connected(atoi(given[1]));
    mbedtls_ssl_set_bio(&ssl, &link, send_to, receive_from, NULL);
    tell("before_handshake");
    int state;
    do {
        may_begin_a_record = 1;
        state = mbedtls_ssl_handshake(&ssl);
    } while (state == MBEDTLS_ERR_SSL_WANT_READ);
    insist("handshake", state);
    printf("suite %s %s\n", mbedtls_ssl_get_version(&ssl), mbedtls_ssl_get_ciphersuite(&ssl));
    tell("after_handshake");

    size_t asked = (size_t)atoi(given[3]);
    unsigned char *request = calloc(1, asked), answer[4096];
    for (size_t sent = 0; sent < asked;) {
        int part = mbedtls_ssl_write(&ssl, request + sent, asked - sent);
        insist("write", part);
        sent += (size_t)part;
    }
    may_begin_a_record = 1;
    insist("read", mbedtls_ssl_read(&ssl, answer, sizeof(answer)));
    tell("after_exchange");

    mbedtls_ssl_close_notify(&ssl);
    mbedtls_ssl_free(&ssl);
    close(link);
    tell("closed");
    mbedtls_x509_crt_free(&ca);
    mbedtls_ctr_drbg_free(&random);
    mbedtls_entropy_free(&entropy);
    mbedtls_ssl_config_free(&config);
    tell("context_gone");
    printf("largest_block %zu 1 0\n", largest_block);
    return 0;
}
