/* The flattened device tree, read in one pass without copying (Devicetree specification 0.4, chapter 5). */
#include "kernel/arch/riscv64/fdt.h"
#include "lib/base/string.h"

#define FDT_MAGIC 0xd00dfeed
enum token { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };
enum header { HEADER_MAGIC, HEADER_SIZE, HEADER_STRUCT, HEADER_STRINGS };
#define DEPTH_MAX 16

static u32 big_endian(const u8 *p)
{
    return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u32 header(const void *dtb, enum header field)
{
    return big_endian((const u8 *)dtb + 4 * field);
}

u32 fdt_size(const void *dtb)
{
    return header(dtb, HEADER_SIZE);
}

u32 fdt_cell(const struct fdt_property *p, u32 i)
{
    return (i + 1) * 4 <= p->length ? big_endian(p->value + 4 * i) : 0;
}

u64 fdt_number(const struct fdt_property *p, u32 i)
{
    return (u64)fdt_cell(p, i) << 32 | fdt_cell(p, i + 1);
}

static u32 aligned(u32 length)
{
    return (length + 3) & ~3u;
}

bool fdt_walk(const void *dtb, void (*visit)(void *context, const struct fdt_property *p), void *context)
{
    const char *node[DEPTH_MAX] = {""}, *strings = (const char *)dtb + header(dtb, HEADER_STRINGS);
    const u8 *at = (const u8 *)dtb + header(dtb, HEADER_STRUCT), *end = (const u8 *)dtb + fdt_size(dtb);
    u32 depth = 0;
    if (header(dtb, HEADER_MAGIC) != FDT_MAGIC)
        return false;
    while (at < end) {
        u32 token = big_endian(at);
        at += 4;
        if (token == FDT_BEGIN_NODE && depth + 1 < DEPTH_MAX) {
            node[++depth] = (const char *)at;
            at += aligned(strlen((const char *)at) + 1);
        } else if (token == FDT_END_NODE && depth) {
            depth--;
        } else if (token == FDT_PROP) {
            struct fdt_property p = {node[depth], strings + big_endian(at + 4), at + 8, big_endian(at)};
            visit(context, &p);
            at += 8 + aligned(p.length);
        } else if (token != FDT_NOP) {
            return token == FDT_END;
        }
    }
    return false;
}
