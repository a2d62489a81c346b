#ifndef COMMON_CRC_H
#define COMMON_CRC_H

/*
 * The checksum of records and registrations: zlib's CRC-32 without the highest
 * bit, because Java keeps it in a signed int. Every message is summed when it is
 * stored and when it is read. Carry-less multiplication, where the processor has
 * it, is about five times as fast as zlib's tables. Any thread.
 */

#include <stdint.h>

#include "common/base/slice.h"

#define CRC_MASK 0x7FFFFFFFu

uint32_t crc_of(struct slice bytes);
/* The whole CRC-32, of pieces one after the other: crc is 0 for the first, then the last answer. */
uint32_t crc_add(uint32_t crc, struct slice bytes);

#endif
