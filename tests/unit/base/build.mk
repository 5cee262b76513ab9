# memory.c defines names of libc: here it gets a prefix from a wrapper, so that both can be compared.
$(call host_test,memory,test_memory.c base_memory.c,,-fno-sanitize=address -fno-builtin)
$(call host_test,format,test_format.c /lib/base/format.c)
$(call host_test,tree,test_tree.c /lib/base/tree.c)
