# Tests of the network on chip.
$(call host_test,noc,test_noc.c /machine/noc/noc.c /machine/dev/snapshot.c)
