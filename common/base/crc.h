#ifndef COMMON_CRC_H
#define COMMON_CRC_H

/*
 * The CRC that records and registrations carry: CRC-32 as of zlib, without its
 * highest bit, because Java keeps it in a signed int. Every message is summed
 * when it is stored and when it is read, so this uses carry-less multiplication
 * where the processor has it, some five times the speed of zlib's tables. Any thread.
 */

#include <stdint.h>

#include "common/base/slice.h"

#define CRC_MASK 0x7FFFFFFFu

uint32_t crc_of(struct slice bytes);

#endif
