/* Frames on the command channel: whole reads, whole writes, one writer at a time. */
#include "channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "apps/lib/app.h"

#define HEADER 5

static int channel_in, channel_out;
static pthread_mutex_t sending = PTHREAD_MUTEX_INITIALIZER;

void channel_open(int in, int out)
{
    channel_in = in;
    channel_out = out;
}

uint64_t channel_number(const uint8_t *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void channel_put_number(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

bool channel_receive(struct frame *frame)
{
    uint8_t header[HEADER];
    if (io_read_full(channel_in, header, HEADER) != HEADER)
        return false;
    frame->type = header[4];
    frame->length = (uint32_t)channel_number(header, 4);
    if (frame->length > FRAME_MAX) {
        app_warn("frame of %u bytes", frame->length);
        return false;
    }
    frame->payload[frame->length] = 0;
    return io_read_full(channel_in, frame->payload, frame->length) == (ssize_t)frame->length;
}

void channel_send(enum frame_type type, const void *payload, size_t length)
{
    uint8_t header[HEADER];
    channel_put_number(header, length, 4);
    header[4] = (uint8_t)type;
    pthread_mutex_lock(&sending);
    if (!io_write_full(channel_out, header, HEADER) || !io_write_full(channel_out, payload, length))
        app_die_errno("command channel");
    pthread_mutex_unlock(&sending);
}

void channel_fail(int error, const char *what)
{
    uint8_t payload[512];
    channel_put_number(payload, (uint64_t)error, 4);
    int length = snprintf((char *)payload + 4, sizeof payload - 4, "%s: %s", what, strerror(error));
    size_t sent = length < (int)sizeof payload - 4 ? (size_t)length : sizeof payload - 5;
    channel_send(FRAME_FAIL, payload, 4 + sent);
}
