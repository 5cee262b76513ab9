$(call host_test,root-frame,test_frame.c /servers/root/frame.c /servers/root/quota.c)
$(call host_test,root-machine,test_machine.c /servers/root/archive.c /servers/root/devicetree.c,-lfdt)
