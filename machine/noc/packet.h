/*
 * What travels between tiles. A request is answered by exactly one response that carries the request's `id`; the
 * meaning of `id` is the requester's own. Plain data without pointers, so that packets can be copied and saved.
 */
#ifndef MACHINE_NOC_PACKET_H
#define MACHINE_NOC_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#define NOC_MAX_DATA     2048 /* bytes of data in one packet */
#define NOC_HEADER_BYTES 16   /* routing, kind, address and size: one flit of the default width */

enum noc_kind {
    NOC_MESSAGE,    /* data = header and payload for endpoint `address`; response: error */
    NOC_READ,       /* `size` bytes from `address`; response: error, data */
    NOC_WRITE,      /* data to `address`; response: error */
    NOC_CACHE_READ, /* as READ and WRITE, for a cache's miss or write-back */
    NOC_CACHE_WRITE,
    NOC_RESPONSE,
};

struct noc_packet {
    uint16_t source;      /* tile */
    uint16_t destination; /* tile */
    uint8_t kind;         /* enum noc_kind */
    uint8_t error;        /* responses: enum tcu_error */
    uint32_t id;
    uint64_t address;
    uint32_t size; /* bytes in `data`; of READ requests the bytes wanted */
    uint8_t data[NOC_MAX_DATA];
};

/* Number of bytes of `data` that the packet really carries. */
static inline uint32_t noc_packet_payload(const struct noc_packet *packet)
{
    bool empty = packet->kind == NOC_READ || packet->kind == NOC_CACHE_READ;
    return empty ? 0 : packet->size;
}

#endif
