/*
 * Brings the images that the compiler (compiler.cpp) made into read-only data, each page-aligned under a
 * symbol that the library keeps to itself. The assembler finds the files through its include path.
 */
#define IMAGE(name, file)                                                                          \
    .balign 4096;                                                                                  \
    .globl name;                                                                                   \
    .hidden name;                                                                                  \
    .type name, %object;                                                                           \
    name: .incbin file;                                                                            \
    .size name, . - name

    .section .rodata, "a", %progbits
    IMAGE(tm_image_o200k_base, "o200k_base.image")
    IMAGE(tm_image_cl100k_base, "cl100k_base.image")
    IMAGE(tm_image_p50k_base, "p50k_base.image")
    IMAGE(tm_image_r50k_base, "r50k_base.image")
    IMAGE(tm_image_unicode, "unicode.image")
    IMAGE(tm_image_normalization, "normalization.image")

/* A table of text: read by its names, so it needs its end. */
    .globl tm_properties, tm_properties_end
    .hidden tm_properties, tm_properties_end
tm_properties: .incbin "properties.tsv"
tm_properties_end:

    .section .note.GNU-stack, "", %progbits
