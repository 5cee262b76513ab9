/* Scratch memory: a stack of chunks that is cut back to a mark when a command is done. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

#define CHUNK_SIZE 16000

struct chunk {
    struct chunk *below;
    size_t size, used;
    max_align_t data[];
};

static struct chunk *top;

struct scratch_mark scratch_mark(void)
{
    return (struct scratch_mark){.chunk = top, .used = top ? top->used : 0};
}

void scratch_release(struct scratch_mark mark)
{
    while (top != mark.chunk) {
        struct chunk *below = top->below;
        free(top);
        top = below;
    }
    if (top)
        top->used = mark.used;
}

void *scratch_alloc(size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!top || top->size - top->used < size) {
        size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        struct chunk *chunk = app_alloc(sizeof(*chunk) + room);
        *chunk = (struct chunk){.below = top, .size = room};
        top = chunk;
    }
    void *memory = (char *)top->data + top->used;
    top->used += size;
    return memset(memory, 0, size);
}

char *scratch_copy(const char *text, size_t length)
{
    char *copy = scratch_alloc(length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *scratch_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = scratch_alloc(length + 1);
    va_start(arguments, format);
    vsnprintf(text, length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    if (text->length + length + 1 > text->capacity) {
        text->capacity = 2 * (text->length + length) + 32;
        char *grown = scratch_alloc(text->capacity);
        if (text->length)
            memcpy(grown, text->data, text->length);
        text->data = grown;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, char byte)
{
    text_add_bytes(text, &byte, 1);
}

void text_add_string(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_quoted(struct text *text, const char *string)
{
    text_add(text, '\'');
    for (; *string; string++) {
        if (*string == '\'')
            text_add_string(text, "'\\''");
        else
            text_add(text, *string);
    }
    text_add(text, '\'');
}

char *text_string(struct text *text)
{
    return text->data ? text->data : scratch_copy("", 0);
}
