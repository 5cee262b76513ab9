$(call host_test,pipe_ring,test_ring.c /servers/pipe/ring.c)
