# The file server on the host, through its protocols, over a made-up kernel.
fs_test_common := rig.c /tests/unit/ext4/image.c $(patsubst %,/%,$(wildcard servers/fs/ext4/*.c) \
                  $(addprefix servers/fs/,window.c transfer.c files.c names.c)) /lib/tess/entry.c
$(call host_test,fs,test_fs.c $(fs_test_common))
$(call host_test,fs_fuzz,test_fs_fuzz.c $(fs_test_common))
