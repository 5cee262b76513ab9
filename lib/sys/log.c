/* Text on the kernel's debug console: for first programs and for what goes wrong before there is a terminal. */
#include "lib/sys/object.h"

#define PIECE (6 * 8) /* what fits in the words 2..7 */

static void write_piece(cap_t log, const char *text, size_t length)
{
    struct msg m = {.tag = TAG(8, 0), .w = {OP_LOG_WRITE, length}};
    for (size_t i = 0; i < length; i++)
        m.w[2 + i / 8] |= (u64)(u8)text[i] << (i % 8 * 8);
    sys_object_call(log, &m);
}

void log_write(cap_t log, const char *text, size_t length)
{
    for (; length > PIECE; text += PIECE, length -= PIECE)
        write_piece(log, text, PIECE);
    write_piece(log, text, length);
}
