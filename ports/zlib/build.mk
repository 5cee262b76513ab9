# zlib: deflate compression, for libpng.
$(call port,zlib,zlib,71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1)

zlib_sources := adler32.c compress.c crc32.c deflate.c gzclose.c gzlib.c gzread.c gzwrite.c infback.c inffast.c \
                inflate.c inftrees.c trees.c uncompr.c zutil.c
$(call port_lib,zlib,z,$(zlib_sources),-DHAVE_UNISTD_H=1,zlib.h zconf.h)
