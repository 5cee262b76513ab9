/* Reading and writing descriptions of machines; see describe.h. */
#include "machine/tile/describe.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 2048
#define WORDS_MAX      16

static const struct parameter {
    const char *name;
    size_t offset, size;
    uint64_t lowest;
    const char *meaning;
} parameters[] = {
#define FIELD_SIZE(field) sizeof((struct system_description *)0)->field
#define PARAMETER(name, field, lowest, meaning)                                                                        \
    {name, offsetof(struct system_description, field), FIELD_SIZE(field), lowest, meaning},
#include "machine/tile/parameters.def"
};
#define PARAMETERS (sizeof parameters / sizeof *parameters)

void describe_init(struct system_description *d)
{
    memset(d, 0, sizeof *d);
    d->mesh = mesh_default_config(0, 0, NULL);
    d->board = machine_default_config();
    d->board.timed = true;
}

/* --- parameters ----------------------------------------------------------------------------------------------------
 */

bool describe_parse_size(const char *text, uint64_t *value)
{
    static const char units[] = "KMG";
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    if (errno || end == text || text[0] == '-')
        return false;
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (*end && (!unit || end[1]))
        return false;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (*value > UINT64_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

/* Fields are unsigned, of 1 (bool), 4 or 8 bytes. */
static const char *set_field(void *field, const struct parameter *p, uint64_t value)
{
    if (value < p->lowest)
        return "the value must not be 0";
    if (p->size == 1 && value > 1)
        return "the value must be 0 or 1";
    if (p->size == 4 && value > UINT32_MAX)
        return "the value is too large";
    memcpy(field, &value, p->size); /* little endian, as all hosts we know */
    return NULL;
}

static uint64_t get_field(const void *field, const struct parameter *p)
{
    uint64_t value = 0;
    memcpy(&value, field, p->size);
    return value;
}

const char *describe_set(struct system_description *d, const char *name, const char *text)
{
    uint64_t value;

    if (!describe_parse_size(text, &value))
        return "the value is not a number";
    for (size_t i = 0; i < PARAMETERS; i++)
        if (strcmp(name, parameters[i].name) == 0)
            return set_field((char *)d + parameters[i].offset, &parameters[i], value);
    return timing_param_set(&d->board.timing, name, value);
}

void describe_write(const struct system_description *d, FILE *out)
{
    for (size_t i = 0; i < PARAMETERS; i++) {
        const struct parameter *p = &parameters[i];
        uint64_t value = get_field((const char *)d + p->offset, p);
        fprintf(out, "%s = %llu%s%s\n", p->name, (unsigned long long)value, *p->meaning ? "  # " : "", p->meaning);
    }
#define PARAM(section, name, value, lowest, highest, meaning)                                                          \
    fprintf(out, "%s.%s = %u  # %s\n", #section, #name, d->board.timing.section##_##name, meaning);
#include "machine/core/params.def"
#undef PARAM
}

/* --- tiles ---------------------------------------------------------------------------------------------------------
 */

static const char *parse_mesh(struct system_description *d, char **words)
{
    uint64_t width, height;
    if (!words[1] || !words[2] || !describe_parse_size(words[1], &width) || !describe_parse_size(words[2], &height))
        return "mesh needs a width and a height";
    if (width == 0 || height == 0 || width > SYSTEM_MAX_TILES || height > SYSTEM_MAX_TILES ||
        width * height > SYSTEM_MAX_TILES)
        return "a mesh has 1 to 64 tiles";
    if (describe_is_tiled(d))
        return "the mesh is described twice";
    d->mesh.noc.width = width;
    d->mesh.noc.height = height;
    return NULL;
}

static char *find_text(struct board_files *files, const char *name)
{
    const struct {
        const char *name;
        char *text;
    } texts[] = {{"program", files->program},
                 {"firmware", files->firmware},
                 {"initrd", files->initrd},
                 {"arguments", files->arguments},
                 {"disk", files->disk}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0)
            return texts[i].text;
    return NULL;
}

static const char *set_number(struct tile_config *tile, const char *name, uint64_t number)
{
    if ((strcmp(name, "memory") == 0 && tile->kind == TILE_CORE) ||
        (strcmp(name, "size") == 0 && tile->kind == TILE_MEMORY))
        tile->memory = number;
    else if (strcmp(name, "cycles") == 0 && number <= UINT32_MAX && tile->kind == TILE_ACCEL)
        tile->compute_cycles = number;
    else if (strcmp(name, "endpoints") == 0 && number >= 32 && number <= TCU_MAX_EPS)
        tile->endpoints = number;
    else
        return "there is no such property of such a tile, or its value is out of range";
    return NULL;
}

const char *describe_set_tile(struct system_description *d, uint32_t id, const char *name, const char *value)
{
    if (id >= SYSTEM_MAX_TILES || d->tiles[id].kind == TILE_NONE)
        return "there is no such tile";
    struct tile_config *tile = &d->tiles[id];
    char *text = tile->kind == TILE_CORE ? find_text(&d->files[id], name) : NULL;
    uint64_t number;
    if (text && strlen(value) >= SYSTEM_TEXT)
        return "the text is too long";
    if (text) {
        strcpy(text, value);
        return NULL;
    }
    if (tile->kind == TILE_ACCEL && strcmp(name, "logic") == 0) {
        tile->logic = accel_logic_find(value);
        return tile->logic ? NULL : "there is no such logic";
    }
    return describe_parse_size(value, &number) ? set_number(tile, name, number) : "the value is not a number";
}

static const char *parse_tile(struct system_description *d, char **words)
{
    static const char *const kinds[] = {[TILE_CORE] = "core", [TILE_ACCEL] = "accel", [TILE_MEMORY] = "memory"};
    uint64_t id;
    if (!words[1] || !describe_parse_size(words[1], &id) || id >= (uint64_t)d->mesh.noc.width * d->mesh.noc.height)
        return "the tile is not in the mesh (which must be described first)";
    if (d->tiles[id].kind != TILE_NONE)
        return "the tile is described twice";
    for (int kind = TILE_CORE; words[2] && kind <= TILE_MEMORY; kind++)
        if (strcmp(words[2], kinds[kind]) == 0)
            d->tiles[id].kind = (enum tile_kind)kind;
    if (d->tiles[id].kind == TILE_NONE)
        return "a tile is core, accel or memory";
    for (char **word = words + 3; *word; word++) {
        char *value = strchr(*word, '=');
        if (!value)
            return "a property is NAME=VALUE";
        *value++ = '\0';
        const char *wrong = describe_set_tile(d, id, *word, value);
        if (wrong)
            return wrong;
    }
    return d->tiles[id].kind == TILE_ACCEL && !d->tiles[id].logic ? "an accelerator needs logic=NAME" : NULL;
}

/* --- files ---------------------------------------------------------------------------------------------------------
 */

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    for (char *end = s + strlen(s); end > s && isspace((unsigned char)end[-1]);)
        *--end = '\0';
    return s;
}

static const char *parse_assignment(struct system_description *d, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals)
        return "a line is `name = value`, or begins with mesh or tile";
    *equals = '\0';
    return describe_set(d, trim(line), trim(equals + 1));
}

/* NULL if the line is fine. */
static const char *parse_line(struct system_description *d, char *line)
{
    char *words[WORDS_MAX + 1] = {NULL}, *rest = NULL;
    int count = 0;
    size_t word_length = strcspn(line, " \t");
    bool is_mesh = word_length == 4 && memcmp(line, "mesh", 4) == 0;
    bool is_tile = word_length == 4 && memcmp(line, "tile", 4) == 0;
    if (!*line)
        return NULL;
    if (!is_mesh && !is_tile)
        return parse_assignment(d, line);
    for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (count == WORDS_MAX)
            return "too many words";
        words[count++] = word;
    }
    return is_mesh ? parse_mesh(d, words) : parse_tile(d, words);
}

bool describe_read(struct system_description *d, const char *path)
{
    FILE *in = fopen(path, "r");
    char line[LINE_MAX_BYTES];
    const char *wrong = NULL;
    unsigned number = 0;

    while (in && !wrong && fgets(line, sizeof line, in)) {
        bool too_long = !strchr(line, '\n') && !feof(in);
        number++;
        line[strcspn(line, "#\n")] = '\0';
        wrong = too_long ? "the line is too long" : parse_line(d, trim(line));
    }
    if (in)
        fclose(in);
    if (wrong)
        fprintf(stderr, "mosaic: %s:%u: %s\n", path, number, wrong);
    else if (!in)
        fprintf(stderr, "mosaic: %s: cannot be opened\n", path);
    return in && !wrong;
}
