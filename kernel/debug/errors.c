/* Debug builds hold the kernel to what abi/op.def says: no operation gives an error that its row does not list. */
#include "kernel/debug.h"
#include "kernel/object.h"
#include "kernel/panic.h"

struct row {
    enum object_number object;
    u64 number;
    const char *name, *errors;
};

static const struct row rows[] = {
#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text)                                             \
    {OBJ_##object, number, #object "." #name, errors},
#define OP_DEBUG OP
#include "abi/op.def"
#undef OBJECT
#undef OP
};

static const char *error_name(err_t error)
{
    switch (error) {
#define ERROR(name, number, by_kernel, text)                                                                           \
    case number:                                                                                                       \
        return #name;
#include "abi/error.def"
#undef ERROR
    }
    return "";
}

/* `name` is one of the words of the list. */
static bool is_listed(const char *list, const char *name)
{
    while (*list) {
        const char *n = name;
        while (*n && *n == *list)
            n++, list++;
        if (!*n && (*list == ' ' || !*list))
            return true;
        while (*list && *list++ != ' ') {
        }
    }
    return false;
}

void debug_check_error(const struct object *o, u64 number, err_t error)
{
    const struct row *row = rows;
    if (error == E_OK || error == INVOKE_RESTART || error == INVOKE_BLOCKED)
        return;
    if (error == E_PERM || error == E_MSGSIZE || error == E_NOSYS)
        return;
    while (row->object != o->type || row->number != number)
        row++;
    if (!is_listed(row->errors, error_name(error)))
        kernel_panic("%s gave error %d, which its row in op.def does not list", row->name, error);
}
