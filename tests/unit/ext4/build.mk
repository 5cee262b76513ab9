# The ext4 library on the host, with sanitizers: behaviour, random operations against a model, faults, corrupt images.
ext4_test_common := $(patsubst %,/%,$(wildcard servers/fs/ext4/*.c)) image.c
$(call host_test,ext4,test_ext4.c $(ext4_test_common))
$(call host_test,ext4_expose,test_ext4_expose.c $(ext4_test_common))
$(call host_test,ext4_random,test_ext4_random.c model.c $(ext4_test_common))
$(call host_test,ext4_faults,test_ext4_faults.c $(ext4_test_common))
$(call host_test,ext4_fuzz,test_ext4_fuzz.c $(ext4_test_common))
