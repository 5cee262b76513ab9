# The file server, and the ext4 library beneath it.
$(call native_lib,ext4,$(patsubst servers/fs/%,%,$(wildcard servers/fs/ext4/*.c)))
$(call native_program,fs,main.c disk.c window.c transfer.c files.c names.c,ext4)
