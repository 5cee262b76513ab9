$(call host_test,proc-process,test_process.c $(foreach f,process wait signal,/servers/proc/$(f).c))
