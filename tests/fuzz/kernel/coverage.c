/* The entry point that libFuzzer calls with inputs that it makes up, guided by the coverage of the kernel's code. */
#include "tests/fuzz/kernel/world.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    world_run(data, size, 1);
    return 0;
}
