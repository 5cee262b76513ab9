tess_core := kernel.c $(foreach f,server slot heap env time,/lib/tess/$(f).c) /lib/sys/utcb.c
$(call host_test,server,test_server.c $(tess_core),,-D_GNU_SOURCE)
$(call host_test,slot,test_slot.c $(tess_core),,-fno-sanitize=leak)
$(call host_test,start,test_start.c /lib/tess/start.c /lib/tess/env.c /lib/tess/elf.c)
