/*
 * Reads machine descriptions: one statement a line, # begins a comment.
 *
 *   mesh WIDTH HEIGHT
 *   tile N core memory=16M [program=FILE] [firmware=FILE] [initrd=FILE] [arguments=TEXT] [endpoints=N]
 *   tile N accel logic=fft [cycles=N] [endpoints=N]
 *   tile N memory size=64M
 *   set NAME VALUE
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "machine/tile/system.h"

#define LINE_MAX_BYTES 1024
#define WORDS_MAX      16

struct parameter {
    const char *name;
    size_t offset;
};

static const struct parameter parameters[] = {
#define PARAMETER(name, field) {name, offsetof(struct mesh_config, field)},
    PARAMETER("noc.link_bytes", noc.link_bytes) PARAMETER("noc.router_cycles", noc.router_cycles)
        PARAMETER("noc.link_cycles", noc.link_cycles) PARAMETER("noc.extra_cycles", noc.extra_cycles)
            PARAMETER("local.latency", local.latency) PARAMETER("local.bytes_per_cycle", local.bytes_per_cycle)
                PARAMETER("cache.latency", cache.latency) PARAMETER("cache.bytes_per_cycle", cache.bytes_per_cycle)
                    PARAMETER("memory.latency", dram.latency) PARAMETER("memory.bytes_per_cycle", dram.bytes_per_cycle)
#define TCU_COST(name, cycles, text) PARAMETER("tcu." #name, tcu.name)
#include "machine/tcu/commands.def"
};
#define PARAMETERS (sizeof parameters / sizeof *parameters)

void system_describe(struct system_description *d)
{
    memset(d, 0, sizeof *d);
    d->mesh = mesh_default_config(0, 0, NULL);
    d->core = machine_default_config();
    d->core.timed = true;
    d->core.timing.device_access = d->mesh.tcu.mmio;
}

/* A number with an optional K, M or G. */
static bool parse_size(const char *text, uint64_t *value)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    if (errno || end == text || text[0] == '-')
        return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (*end && (!unit || end[1]))
        return false;
    uint32_t shift = unit ? 10 * (uint32_t)(unit - units + 1) : 0;
    if (*value > UINT64_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

const char *system_set(struct system_description *d, const char *name, const char *text)
{
    uint64_t value;
    if (!parse_size(text, &value) || value > UINT32_MAX)
        return "the value is no number";
    if (strcmp(name, "timed") == 0) {
        d->core.timed = value != 0;
        return NULL;
    }
    for (size_t i = 0; i < PARAMETERS; i++)
        if (strcmp(name, parameters[i].name) == 0) {
            bool divides = strstr(name, "bytes") != NULL;
            if (divides && value == 0)
                return "the value must not be 0";
            *(uint32_t *)((char *)&d->mesh + parameters[i].offset) = value;
            if (strcmp(name, "tcu.mmio") == 0)
                d->core.timing.device_access = value;
            return NULL;
        }
    return timing_param_set(&d->core.timing, name, value);
}

/* --- statements ----------------------------------------------------------------------------------------------------
 */

static const char *parse_mesh(struct system_description *d, char **words)
{
    uint64_t width, height;
    if (!words[1] || !words[2] || !parse_size(words[1], &width) || !parse_size(words[2], &height))
        return "mesh needs a width and a height";
    if (width == 0 || height == 0 || width > SYSTEM_MAX_TILES || height > SYSTEM_MAX_TILES ||
        width * height > SYSTEM_MAX_TILES)
        return "a mesh has 1 to 64 tiles";
    d->mesh.noc.width = width;
    d->mesh.noc.height = height;
    return NULL;
}

static const char *set_text(char *where, const char *text)
{
    if (strlen(text) >= SYSTEM_TEXT)
        return "the text is too long";
    strcpy(where, text);
    return NULL;
}

static char *find_text(struct tile_program *program, const char *name)
{
    if (strcmp(name, "program") == 0)
        return program->program;
    if (strcmp(name, "firmware") == 0)
        return program->firmware;
    if (strcmp(name, "initrd") == 0)
        return program->initrd;
    return strcmp(name, "arguments") == 0 ? program->arguments : NULL;
}

const char *system_set_tile(struct system_description *d, uint32_t id, const char *name, const char *value)
{
    struct tile_config *tile = &d->tiles[id];
    char *text = find_text(&d->programs[id], name);
    uint64_t number;
    if (text)
        return set_text(text, value);
    if (strcmp(name, "logic") == 0) {
        tile->logic = accel_logic_find(value);
        return tile->logic ? NULL : "there is no such logic";
    }
    if (!parse_size(value, &number))
        return "the value is no number";
    if (strcmp(name, "memory") == 0 || strcmp(name, "size") == 0)
        tile->memory = number;
    else if (strcmp(name, "cycles") == 0 && number <= UINT32_MAX)
        tile->compute_cycles = number;
    else if (strcmp(name, "endpoints") == 0 && number >= 32 && number <= TCU_MAX_EPS)
        tile->endpoints = number;
    else
        return "no such property, or its value is out of range";
    return NULL;
}

static const char *parse_tile(struct system_description *d, char **words)
{
    static const char *const kinds[] = {[TILE_CORE] = "core", [TILE_ACCEL] = "accel", [TILE_MEMORY] = "memory"};
    uint64_t id;
    if (!words[1] || !parse_size(words[1], &id) || id >= (uint64_t)d->mesh.noc.width * d->mesh.noc.height)
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
        const char *wrong = system_set_tile(d, id, *word, value);
        if (wrong)
            return wrong;
    }
    return d->tiles[id].kind == TILE_ACCEL && !d->tiles[id].logic ? "an accelerator needs logic=NAME" : NULL;
}

static const char *parse_line(struct system_description *d, char *line)
{
    char *words[WORDS_MAX + 1] = {NULL}, *rest = NULL;
    int count = 0;
    line[strcspn(line, "#\n")] = '\0';
    for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (count == WORDS_MAX)
            return "too many words";
        words[count++] = word;
    }
    if (count == 0)
        return NULL;
    if (strcmp(words[0], "mesh") == 0)
        return parse_mesh(d, words);
    if (strcmp(words[0], "tile") == 0)
        return parse_tile(d, words);
    if (strcmp(words[0], "set") == 0)
        return words[1] && words[2] ? system_set(d, words[1], words[2]) : "set needs a name and a value";
    return "a line begins with mesh, tile or set";
}

bool system_read(struct system_description *d, const char *path, struct system_error *error)
{
    FILE *file = fopen(path, "r");
    char line[LINE_MAX_BYTES];
    const char *wrong = NULL;
    int number = 0;
    if (!file) {
        snprintf(error->text, sizeof error->text, "%.500s: cannot be opened", path);
        return false;
    }
    while (!wrong && fgets(line, sizeof line, file)) {
        number++;
        wrong = parse_line(d, line);
    }
    fclose(file);
    if (!wrong && d->mesh.noc.width == 0)
        wrong = "there is no mesh";
    if (wrong)
        snprintf(error->text, sizeof error->text, "%.500s:%d: %s", path, number, wrong);
    return !wrong;
}
