#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

/*
 * A fuzz target is one file fuzz_NAME.c with this function, and a folder corpus/NAME. With
 * --enable-fuzz it is linked with libFuzzer; otherwise replay.c calls it with
 * each file of the corpus. A crash that was found becomes a file of the corpus.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
static inline void
must(int holds)
{
	if (!holds)
		abort();
}

#endif
