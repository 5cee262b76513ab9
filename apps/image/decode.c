/* decode: a PNG file to grey float blocks. Works row by row, so that a picture needs no more memory than a few of its
 * rows; only interlaced pictures, whose rows come in seven passes, are held as a whole. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/image/block.h"
#include "apps/lib/app.h"

#define SIGNATURE_SIZE 8

struct picture {
    const char *name;
    FILE *file;
    png_structp png;
    png_infop info;
    png_uint_32 width, height;
    size_t channels; /* 1 grey, 3 red green blue; 8 bits each */
};

static void report_error(png_structp png, png_const_charp text)
{
    struct picture *picture = png_get_error_ptr(png);
    if (ferror(picture->file))
        app_die_errno("%s", picture->name);
    app_die("%s: %s", picture->name, feof(picture->file) ? "file is cut short" : text);
}

static void ignore_warning(png_structp png, png_const_charp text)
{
}

static void open_picture(struct picture *picture, const char *name)
{
    picture->name = name;
    picture->file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (!picture->file)
        app_die_errno("%s", name);
    setvbuf(picture->file, app_alloc(APP_PIECE), _IOFBF, APP_PIECE);

    png_byte signature[SIGNATURE_SIZE];
    size_t got = fread(signature, 1, SIGNATURE_SIZE, picture->file);
    if (ferror(picture->file))
        app_die_errno("%s", name);
    if (got < SIGNATURE_SIZE || png_sig_cmp(signature, 0, SIGNATURE_SIZE) != 0)
        app_die("%s: not a PNG file", name);
}

/* Reads everything before the pixels and asks libpng for 8-bit grey or RGB, whatever the file holds. */
static void read_header(struct picture *picture)
{
    picture->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, picture, report_error, ignore_warning);
    picture->info = picture->png ? png_create_info_struct(picture->png) : NULL;
    if (!picture->info)
        app_die("out of memory");
    png_init_io(picture->png, picture->file);
    png_set_sig_bytes(picture->png, SIGNATURE_SIZE);
    png_set_crc_action(picture->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(picture->png, picture->info);
    png_set_expand(picture->png);
    png_set_strip_16(picture->png);
    png_set_strip_alpha(picture->png);
    picture->width = png_get_image_width(picture->png, picture->info);
    picture->height = png_get_image_height(picture->png, picture->info);
}

/* Writes one row of grey values, padded with zeros to whole blocks. */
static void write_row(const struct picture *picture, const png_byte *row, float *grey, size_t padded)
{
    for (size_t x = 0; x < picture->width; x++, row += picture->channels)
        grey[x] = picture->channels == 1 ? row[0] : 0.299f * row[0] + 0.587f * row[1] + 0.114f * row[2];
    memset(grey + picture->width, 0, (padded - picture->width) * sizeof(float));
    block_write(grey, padded * sizeof(float));
}

static void convert_by_rows(struct picture *picture, png_byte *row, float *grey, size_t padded)
{
    for (png_uint_32 y = 0; y < picture->height; y++) {
        png_read_row(picture->png, row, NULL);
        write_row(picture, row, grey, padded);
    }
}

static void convert_interlaced(struct picture *picture, int passes, size_t row_size, float *grey, size_t padded)
{
    png_byte *pixels = calloc(picture->height, row_size);
    if (!pixels)
        app_die("%s: interlaced and too large for the memory there is", picture->name);
    while (passes-- > 0) {
        for (png_uint_32 y = 0; y < picture->height; y++)
            png_read_row(picture->png, pixels + y * row_size, NULL);
    }
    for (png_uint_32 y = 0; y < picture->height; y++)
        write_row(picture, pixels + y * row_size, grey, padded);
    free(pixels);
}

static void convert_picture(struct picture *picture)
{
    int passes = png_set_interlace_handling(picture->png);
    png_read_update_info(picture->png, picture->info);
    picture->channels = png_get_channels(picture->png, picture->info);
    size_t row_size = png_get_rowbytes(picture->png, picture->info);
    size_t padded = ((size_t)picture->width + BLOCK_SAMPLES - 1) / BLOCK_SAMPLES * BLOCK_SAMPLES;
    float *grey = app_alloc(padded * sizeof(float));
    if (passes > 1) {
        convert_interlaced(picture, passes, row_size, grey, padded);
    } else {
        png_byte *row = app_alloc(row_size);
        convert_by_rows(picture, row, grey, padded);
        free(row);
    }
    free(grey);
    png_read_end(picture->png, NULL);
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc != 2)
        app_usage("decode FILE.png > REAL");
    struct picture picture = {0};
    open_picture(&picture, argv[1]);
    read_header(&picture);
    fprintf(stderr, "%lux%lu\n", (unsigned long)picture.width, (unsigned long)picture.height);
    convert_picture(&picture);
    png_destroy_read_struct(&picture.png, &picture.info, NULL);
    return app_finish(0);
}
