# libpng: reads and writes PNG pictures. Its prebuilt configuration header is the standard one that it comes with.
$(call port,libpng,libpng1.6,a00e9d2f2f664186e4202db9299397f851aea71b36a35e74910b8820e380d441)

libpng_sources := png.c pngerror.c pngget.c pngmem.c pngpread.c pngread.c pngrio.c pngrtran.c pngrutil.c pngset.c \
                  pngtrans.c pngwio.c pngwrite.c pngwtran.c pngwutil.c
libpng_config  := $(build)/ports/libpng/src/pnglibconf.h

$(libpng_config): $(port_libpng)
	cp $(@D)/scripts/pnglibconf.h.prebuilt $@
$(libpng_sources:%.c=$(build)/ports/libpng/obj/png/%.o): $(libpng_config) | $(sysroot)/lib/libz.a
$(call port_lib,libpng,png,$(libpng_sources),,png.h pngconf.h pnglibconf.h)
