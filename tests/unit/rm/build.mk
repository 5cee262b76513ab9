$(call host_test,rm-region,test_region.c /servers/rm/region.c)
