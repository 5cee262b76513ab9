# kissfft: fast Fourier transforms, here of float samples; the library's name is that of Debian's package.
$(call port,kissfft,kissfft,76c1aac87ddb7258f34b08a13f0eebf9e53afa299857568346aa5c82bcafaf1a)

$(call port_lib,kissfft,kissfft-float,kiss_fft.c kiss_fftr.c,-Dkiss_fft_scalar=float -DNDEBUG,\
  kiss_fft.h kiss_fftr.h,kissfft)
