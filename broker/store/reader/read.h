#ifndef STORE_READ_H
#define STORE_READ_H

/* One function for each kind of read job: fills in the job's reply, on a reader's thread. */

#include "broker/store/reader/read_job.h"
#include "broker/store/reader/reader_files.h"

/* ASK: nothing found, and the writer, which was not asked yet, may have it. */
enum read_reply { READ_DONE, READ_ASK };

enum read_reply read_queue(struct reader_files *files, struct read_work *work);
enum read_reply read_position(struct reader_files *files, struct read_work *work);
enum read_reply read_key(struct reader_files *files, struct read_work *work);
enum read_reply read_time(struct reader_files *files, struct read_work *work);
enum read_reply read_stamps(struct reader_files *files, struct read_work *work);
enum read_reply read_log(struct reader_files *files, struct read_work *work);

static inline enum read_status
read_status_of(enum get_status status)
{
	static const enum read_status statuses[] = {
		[GET_OK] = READ_FOUND,
		[GET_NONE] = READ_NOTHING,
		[GET_CORRUPT] = READ_CORRUPT,
		[GET_FAILED] = READ_FAILED,
	};

	return statuses[status];
}

#endif
