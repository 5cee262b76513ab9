# The demonstration: decode FILE.png | fft | mul | ifft | encode WIDTH > FILE.png
$(call app,decode,decode.c block.c,png z m)
$(call app,fft,fft.c block.c,kissfft-float m)
$(call app,mul,mul.c block.c,m)
$(call app,ifft,ifft.c block.c,kissfft-float m)
$(call app,encode,encode.c block.c,png z m)
