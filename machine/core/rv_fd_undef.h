/* Takes back the definitions that rv_fd.def makes for one precision. Included twice on purpose: no guard. */
#undef FP_NAME
#undef FP_FROM
#undef FT
#undef DP
#undef FORMAT
#undef SIGN
#undef GET
#undef SET
#undef HOST
#undef HOST_BITS
#undef HOST_T
#undef HOST_OK
#undef HOST_SAFE
#undef HOST_SQRT
#undef HOST_FMA
