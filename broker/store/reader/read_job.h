#ifndef STORE_READ_JOB_H
#define STORE_READ_JOB_H

/* Ending a read job of store.h. Any thread. */

#include "broker/store/store.h"

/* Posts it to its reply loop. */
void read_job_finish(struct read_job *job, enum read_status status);

#endif
