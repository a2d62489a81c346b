#ifndef COMMON_CONTAINER_OF_H
#define COMMON_CONTAINER_OF_H

/*
 * The struct that embeds a member, from the member's address: how callbacks that get a timer, a
 * task or a list entry find their owner.
 */

#include <stddef.h>

#define container_of(member_at, type, member)                                                      \
	((type *)(void *)((char *)(member_at)-offsetof(type, member)))

#endif
