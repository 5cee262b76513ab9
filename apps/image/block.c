/* Block streams on pipes: bytes come in pieces of any size and leave as whole blocks, many at a time. */
#include "apps/image/block.h"

#include <stdio.h>
#include <unistd.h>

#include "apps/lib/app.h"

size_t block_read(void *buffer, size_t block_size, size_t capacity)
{
    ssize_t got = io_read(STDIN_FILENO, buffer, block_size * capacity);
    size_t partial = got > 0 ? got % block_size : 0;
    if (partial) { /* wait for the rest of the last block, so that nothing is left over */
        ssize_t rest = io_read_full(STDIN_FILENO, (char *)buffer + got, block_size - partial);
        got = rest < 0 ? rest : got + rest;
    }
    if (got < 0)
        app_die_errno("standard input");
    if (got % block_size)
        app_die("input ends within a block: %zu of %zu bytes", got % block_size, block_size);
    return got / block_size;
}

void block_write(const void *buffer, size_t size)
{
    if (fwrite(buffer, 1, size, stdout) != size)
        app_die_errno("write error");
}

void block_filter(size_t in_size, size_t out_size, block_function *function, void *context)
{
    size_t capacity = APP_PIECE / (in_size > out_size ? in_size : out_size);
    char *in = app_alloc(capacity * in_size);
    char *out = app_alloc(capacity * out_size);
    size_t count;
    while ((count = block_read(in, in_size, capacity)) > 0) {
        for (size_t i = 0; i < count; i++)
            function(in + i * in_size, out + i * out_size, context);
        block_write(out, count * out_size);
    }
}
