# The host's program that fills disk images, on the file server's library.
$(call host_program,ext4put,ext4put.c $(patsubst %,/%,$(wildcard servers/fs/ext4/*.c)))
