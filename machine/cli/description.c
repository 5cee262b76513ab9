/* Machine descriptions; see description.h. */
#include "machine/cli/description.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What a description can say about the machine beside the timing model's parameters. All are 64-bit fields. */
static const struct {
    const char *name;
    size_t offset;
    const char *meaning;
} fields[] = {
    {"machine.memory", offsetof(struct machine_config, ram_size), "bytes of RAM; K, M, G"},
    {"machine.clock_hz", offsetof(struct machine_config, clock_hz), "cycles per second"},
    {"machine.timebase_hz", offsetof(struct machine_config, timebase_hz), "of the time counter; divides the clock"},
    {"machine.quantum", offsetof(struct machine_config, quantum), "cycles a hart runs before the next one does"},
    {"machine.virtio_latency", offsetof(struct machine_config, virtio_latency), "cycles from notification to service"},
    {"machine.rtc_start", offsetof(struct machine_config, rtc_start), "date at reset, nanoseconds since 1970"},
    {"machine.seed", offsetof(struct machine_config, seed), "of pseudo-random devices"},
};

#define FIELD_COUNT (sizeof fields / sizeof fields[0])

bool description_parse_size(const char *text, uint64_t *value)
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

const char *description_set(struct machine_config *c, const char *name, const char *text)
{
    uint64_t value;

    if (!description_parse_size(text, &value))
        return "the value is not a number";
    if (strcmp(name, "machine.harts") == 0) {
        c->harts = value > UINT32_MAX ? UINT32_MAX : (unsigned)value;
        return NULL;
    }
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(name, fields[i].name) == 0) {
            *(uint64_t *)((char *)c + fields[i].offset) = value;
            return NULL;
        }
    }
    return timing_param_set(&c->timing, name, value);
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    for (char *end = s + strlen(s); end > s && isspace((unsigned char)end[-1]);)
        *--end = '\0';
    return s;
}

/* One line; NULL if it is fine. */
static const char *read_line(struct machine_config *c, char *line)
{
    line[strcspn(line, "#")] = '\0';
    char *name = trim(line);
    char *equals = strchr(name, '=');

    if (!*name)
        return NULL;
    if (!equals)
        return "a line is `name = value`";
    *equals = '\0';
    return description_set(c, trim(name), trim(equals + 1));
}

bool description_read(struct machine_config *c, const char *path)
{
    FILE *in = fopen(path, "r");
    char line[512];
    bool ok = true;

    if (!in) {
        fprintf(stderr, "mosaic: %s: cannot be opened\n", path);
        return false;
    }
    for (unsigned number = 1; fgets(line, sizeof line, in); number++) {
        const char *problem = read_line(c, line);
        if (problem) {
            fprintf(stderr, "%s:%u: %s\n", path, number, problem);
            ok = false;
        }
    }
    fclose(in);
    return ok;
}

void description_write(const struct machine_config *c, FILE *out)
{
    fprintf(out, "machine.harts = %u  # 1 to 64\n", c->harts);
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        fprintf(out, "%s = %llu  # %s\n", fields[i].name,
                (unsigned long long)*(const uint64_t *)((const char *)c + fields[i].offset), fields[i].meaning);
#define PARAM(section, name, value, lowest, highest, meaning)                                                          \
    fprintf(out, "%s.%s = %u  # %s\n", #section, #name, c->timing.section##_##name, meaning);
#include "machine/core/params.def"
#undef PARAM
}
