/* encode: grey float blocks back to an 8-bit grey PNG. The header of a PNG names the height, so all rows are collected
 * first, as bytes: a quarter of what came in, without the padding. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/image/block.h"
#include "apps/lib/app.h"

struct rows {
    png_byte **row;
    size_t count, capacity;
};

static void report_error(png_structp png, png_const_charp text)
{
    if (ferror(stdout))
        app_die_errno("write error");
    app_die("%s", text);
}

static void ignore_warning(png_structp png, png_const_charp text)
{
}

/* Rounds and clamps; what is not a number becomes black. */
static png_byte byte_from_sample(float sample)
{
    if (!(sample > 0))
        return 0;
    return sample < 255 ? (png_byte)(sample + 0.5f) : 255;
}

static void rows_append(struct rows *rows, const float *samples, size_t width)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 64;
        rows->row = app_realloc(rows->row, rows->capacity * sizeof(*rows->row));
    }
    png_byte *row = app_alloc(width);
    for (size_t x = 0; x < width; x++)
        row[x] = byte_from_sample(samples[x]);
    rows->row[rows->count++] = row;
}

/* Reads all of stdin, whose rows are whole numbers of blocks. */
static void rows_read(struct rows *rows, size_t width)
{
    size_t blocks_per_row = (width + BLOCK_SAMPLES - 1) / BLOCK_SAMPLES;
    float *samples = app_alloc(blocks_per_row * BLOCK_REAL_SIZE);
    size_t filled = 0, got;
    while ((got = block_read(samples + filled * BLOCK_SAMPLES, BLOCK_REAL_SIZE, blocks_per_row - filled)) > 0) {
        filled += got;
        if (filled == blocks_per_row) {
            rows_append(rows, samples, width);
            filled = 0;
        }
    }
    free(samples);
    if (filled)
        app_die("input ends within a row: %zu of %zu blocks", filled, blocks_per_row);
    if (rows->count == 0)
        app_die("input is empty: a picture has at least one row");
}

static void rows_write_png(struct rows *rows, size_t width)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, report_error, ignore_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        app_die("out of memory");
    png_init_io(png, stdout);
    png_set_IHDR(png, info, width, rows->count, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    png_write_image(png, rows->row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    long long width;
    if (argc != 2)
        app_usage("encode WIDTH < REAL > FILE.png");
    if (!app_parse_number(argv[1], 1, PNG_USER_WIDTH_MAX, &width))
        app_die("bad width '%s': a number from 1 to %d is needed", argv[1], PNG_USER_WIDTH_MAX);
    struct rows rows = {0};
    rows_read(&rows, width);
    rows_write_png(&rows, width);
    return app_finish(0);
}
