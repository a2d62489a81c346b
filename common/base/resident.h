#ifndef COMMON_RESIDENT_H
#define COMMON_RESIDENT_H

/*
 * A start runs through much of the program and its libraries that is never needed again, and those
 * pages stay mapped. This unmaps all that are as the files have them, code and constants: what is
 * needed comes back from the page cache at its next use. For a process that has to be small. Any
 * thread.
 */
void resident_drop_files(void);

#endif
