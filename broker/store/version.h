#ifndef STORE_VERSION_H
#define STORE_VERSION_H

/* Raised when a reader of the old version could misread the new one. A newer store is refused. */
#define STORE_SCHEMA_VERSION 2
#define STORE_RECORD_VERSION 1

#endif
