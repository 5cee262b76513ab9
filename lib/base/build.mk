$(call native_lib,base,memory.c string.c format.c tree.c)

# For programs that have a libc: the same without its functions.
$(call native_lib,base-hosted,format.c tree.c)
