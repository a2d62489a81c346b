#include "config.h"

#include "broker/trend/trend.h"

#include <stdlib.h>

#include "broker/trend/trend_private.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

#define WAITING_MAX 64
#define TICK_MS 1000
#define LOOK_MS 60000
#define FORECAST_FROM_MS (3600 * INT64_C(1000))
#define FORECAST_UNTIL_MS 3.2e11

static const char *const kind_names[N_TREND_KINDS] = { "broker", "topic", "group" };

const char *
trend_kind_name(enum trend_kind kind)
{
	return kind_names[kind];
}

/* ---- jobs -------------------------------------------------------------------------------- */

struct trend_job *
trend_job_new(void)
{
	return mem_zalloc(sizeof(struct trend_job));
}

void
trend_job_free(struct trend_job *job)
{
	buf_release(&job->body);
	free(job->names);
	free(job->after);
	free(job);
}

static void
on_answered(struct task *task, void *loop)
{
	struct trend_job *job = (struct trend_job *)task;

	job->done(job, loop);
}

static void
send_answer(struct trends *trends, struct trend_job *job)
{
	atomic_fetch_sub(&trends->n_waiting, 1);
	job->task.run = on_answered;
	loop_post(job->reply_loop, &job->task);
}

/* ---- steps ------------------------------------------------------------------------------- */

static int64_t
step_of(int64_t now_ms)
{
	return now_ms - now_ms % TREND_STEP_MS;
}

void
trend_note_disk(struct trends *trends, int64_t step_ms, int64_t used)
{
	trends->disk_points[trends->n_disk_points++ % TREND_STEPS] =
	    (struct disk_point){ step_ms, used };
}

/* A straight line from the oldest point to now; the disk of 10 years from now is not our concern.
 */
static void
forecast_disk(struct trends *trends)
{
	size_t n = trends->n_disk_points;
	const struct disk_point *first =
	    &trends->disk_points[n > TREND_STEPS ? n % TREND_STEPS : 0];
	const struct disk_point *last = &trends->disk_points[(n + TREND_STEPS - 1) % TREND_STEPS];
	int64_t full_ms = 0;

	if (n > 1 && last->step_ms - first->step_ms >= FORECAST_FROM_MS &&
	    last->step_ms - first->step_ms <= TREND_STEPS * TREND_STEP_MS &&
	    last->used > first->used) {
		double left = (double)(trends->disk.total - last->used) *
		              (double)(last->step_ms - first->step_ms) /
		              (double)(last->used - first->used);

		if (left < FORECAST_UNTIL_MS)
			full_ms = last->step_ms + (int64_t)left;
	}
	atomic_store(&trends->disk_full_ms, full_ms);
}

int64_t
trends_disk_full_ms(const struct trends *trends)
{
	return trends != NULL ? atomic_load(&trends->disk_full_ms) : 0;
}

static void
survey(struct trends *trends)
{
	if (trends->surveys)
		return;
	trends->surveys = true;
	trends->asked = trends->jobs;
	trends->jobs = NULL;
	trend_gather_counts(trends);
	trend_gather_lags(trends);
}

/* A step ends here, with the lags of now; whatever the clock does, no count is lost. */
static void
end_step(struct trends *trends, int64_t step_ms)
{
	trend_db_write(trends);
	trend_note_disk(trends, trends->step_ms, trends->disk.used);
	forecast_disk(trends);
	trend_gather_next(trends);
	trends->step_ms = step_ms;
}

void
trend_on_surveyed(struct trends *trends)
{
	int64_t now_ms = clock_wall_ms();
	struct trend_job *jobs = trends->asked;

	trends->surveys = false;
	trends->asked = NULL;
	if (step_of(now_ms) != trends->step_ms)
		end_step(trends, step_of(now_ms));
	alarms_look(trends, now_ms);
	trends->next_look_ms = clock_mono_ms() + LOOK_MS;
	for (struct trend_job *job = jobs, *next; job != NULL; job = next) {
		next = (struct trend_job *)job->task.next;
		if (job->alarms)
			alarms_write(trends, &job->body);
		else
			trend_answer(trends, job);
		send_answer(trends, job);
	}
	if (trends->jobs != NULL)
		survey(trends);
}

static void
tick(struct trends *trends)
{
	if (step_of(clock_wall_ms()) != trends->step_ms || clock_mono_ms() >= trends->next_look_ms)
		survey(trends);
}

/* ---- the thread -------------------------------------------------------------------------- */

static void
run_job(struct task *task, void *arg)
{
	struct trends *trends = arg;
	struct trend_job *job = (struct trend_job *)task;

	if (atomic_load(&trends->stopping)) {
		job->status = TREND_STOPPED;
		send_answer(trends, job);
		return;
	}
	job->task.next = (struct task *)trends->jobs;
	trends->jobs = job;
	survey(trends);
}

static void
run_stop(struct task *task, void *arg)
{
	(void)task;
	((struct trends *)arg)->stop = true;
}

static void
refuse_jobs(struct trends *trends, struct trend_job *jobs)
{
	for (struct trend_job *job = jobs, *next; job != NULL; job = next) {
		next = (struct trend_job *)job->task.next;
		job->status = TREND_STOPPED;
		send_answer(trends, job);
	}
}

static void *
run(void *arg)
{
	struct trends *trends = arg;

	trend_db_open(trends);
	while (!trends->stop) {
		mailbox_wait(&trends->inbox, TICK_MS);
		tick(trends);
		for (struct task *task = mailbox_take(&trends->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			task->run(task, trends);
		}
	}
	refuse_jobs(trends, trends->asked);
	refuse_jobs(trends, trends->jobs);
	trend_gather_counts(trends);
	trend_db_write(trends);
	trend_db_close(trends);
	return NULL;
}

struct trends *
trends_start(struct broker *broker)
{
	struct trends *trends;

	if (!broker->settings->trend_enable)
		return NULL;
	trends = mem_zalloc(sizeof *trends);
	trends->broker = broker;
	trends->step_ms = step_of(clock_wall_ms());
	trends->next_look_ms = clock_mono_ms() + LOOK_MS;
	trends->lags.trends = trends;
	mailbox_init(&trends->inbox);
	thread_start(&trends->thread, "trends", run, trends);
	return trends;
}

void
trends_stop(struct trends *trends)
{
	if (trends == NULL)
		return;
	atomic_store(&trends->stopping, true);
	trends->stop_task.run = run_stop;
	mailbox_post(&trends->inbox, &trends->stop_task);
	pthread_join(trends->thread, NULL);
}

void
trends_free(struct trends *trends)
{
	if (trends == NULL)
		return;
	mailbox_release(&trends->inbox);
	trend_gather_release(trends);
	strmap_release(&trends->alarms.active, free);
	free(trends);
}

bool
trends_submit(struct trends *trends, struct trend_job *job)
{
	if (atomic_load(&trends->stopping))
		return false;
	if (atomic_fetch_add(&trends->n_waiting, 1) >= WAITING_MAX) {
		atomic_fetch_sub(&trends->n_waiting, 1);
		return false;
	}
	job->task.run = run_job;
	mailbox_post(&trends->inbox, &job->task);
	return true;
}
