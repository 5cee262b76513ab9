# Programs on text and streams of bytes.
$(foreach name,clear echo printf wc head tail hexdump tee cmp seq yes grep sort,$(call app,$(name),$(name).c))
