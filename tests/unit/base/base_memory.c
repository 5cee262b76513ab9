/* lib/base/memory.c with a prefix, beside libc's functions of the same names. */
#define memcpy  base_memcpy
#define memmove base_memmove
#define memset  base_memset
#define memcmp  base_memcmp
#include "lib/base/memory.c"
