#ifndef STORE_TRICK_H
#define STORE_TRICK_H

/*
 * Switches for the tricks with SQLite's files that are for speed alone (README in this folder), so
 * that each can be measured and tested. The program never turns one off by itself.
 */

enum trick {
	TRICK_COALESCE = 1,    /* small writes leave as large ones */
	TRICK_EXTEND = 2,      /* SYNC_FLUSH: zeros are written ahead of the WAL's end */
	TRICK_RECYCLE = 4,     /* a sealed segment's WAL becomes the next one's */
	TRICK_FIRST_SYNC = 8,  /* no sync in a segment's first transaction */
	TRICK_STEPS = 16,      /* a checkpoint is written back in steps, with pauses */
	TRICK_KEEP_LOCKS = 32, /* the writer keeps its lock between commits */
	TRICK_WRITE_BACK = 64, /* ASYNC_FLUSH: write-back begins before the sync */
};

/* "map,recycle": the bits of these names. -1: one is unknown. */
int tricks_parse(const char *names, unsigned *tricks);

#endif
