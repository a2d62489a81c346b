#include "config.h"

#include "nameserver/quorum/quorum.h"

#include <errno.h>
#include <raft.h>
#include <raft/uv.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "nameserver/quorum/quorum_fsm.h"
#include "nameserver/quorum/quorum_transport.h"

enum {
	ELECTION_MS = 1000, /* to twice of it */
	HEARTBEAT_MS = 100,
	STEP_MS = 100,             /* between two looks at the leases */
	MARGIN_MS = 500,           /* a sixth of a lease: for clocks that run unevenly */
	SEGMENT_BYTES = 256 << 10, /* libraft keeps three of these files ready */
	SNAPSHOT_ENTRIES = 512,
	SNAPSHOT_TRAILING = 64,
	CONNECT_RETRY_MS = 250,
	AUTOMATIC_SERVERS = 3,
};

struct quorum {
	struct quorum_peers peers;
	int64_t id;
	_Atomic bool unclean;
	pthread_t thread;
	struct mailbox inbox;
	struct task stop_task;
	/* of the thread */
	uv_loop_t loop;
	uv_poll_t on_inbox;
	uv_timer_t on_step;
	struct raft_uv_transport raft_transport;
	struct quorum_transport *transport;
	struct raft_io io;
	struct raft raft;
	struct quorum_fsm fsm;
	struct quorum_leases *leases;
	raft_term led_term; /* the last term that it led */
	bool was_leader, stopping;
	struct quorum_job *waiting, **waiting_tail; /* for the next barrier */
	struct quorum_job *agreed_with;             /* the barrier that is under way */
	struct raft_barrier barrier;
	int n_under_way;        /* entries and barriers */
	_Atomic int64_t leader; /* id; 0: none */
};

static struct quorum_view
view_of(struct quorum *quorum)
{
	return (struct quorum_view){
		.state = quorum->fsm.state,
		.leases = quorum->leases,
		.now_ms = clock_mono_ms(),
		.unclean = atomic_load(&quorum->unclean),
	};
}

/* ---- Who leads ---- */

/* True when this server leads. Notes a new term of it: what was heard in another one is old. */
static bool
leads(struct quorum *quorum)
{
	bool leader = raft_state(&quorum->raft) == RAFT_LEADER;
	const char *address;
	raft_id id;

	if (leader && quorum->led_term != quorum->raft.current_term) {
		quorum->led_term = quorum->raft.current_term;
		quorum_leases_restart(quorum->leases, clock_mono_ms());
		log_info("this name server leads the quorum id=%lld term=%llu",
		    (long long)quorum->id, quorum->led_term);
	}
	if (quorum->was_leader && !leader)
		log_warn(
		    "this name server no longer leads the quorum id=%lld", (long long)quorum->id);
	quorum->was_leader = leader;
	raft_leader(&quorum->raft, &id, &address);
	atomic_store(&quorum->leader, (int64_t)id);
	return leader;
}

const struct quorum_peer *
quorum_leader(const struct quorum *quorum)
{
	return quorum_peers_find(&quorum->peers, atomic_load(&quorum->leader));
}

bool
quorum_is_leader(const struct quorum *quorum)
{
	return atomic_load(&quorum->leader) == quorum->id;
}

const struct quorum_peers *
quorum_servers(const struct quorum *quorum)
{
	return &quorum->peers;
}

int64_t
quorum_id(const struct quorum *quorum)
{
	return quorum->id;
}

void
quorum_set_unclean(struct quorum *quorum, bool unclean)
{
	atomic_store(&quorum->unclean, unclean);
}

bool
quorum_is_automatic(const struct quorum *quorum)
{
	return quorum->peers.n >= AUTOMATIC_SERVERS;
}

/* ---- Jobs ---- */

static void
run_done(struct task *task, void *receiver)
{
	struct quorum_job *job = container_of(task, struct quorum_job, task);

	job->kind->done(job, receiver);
}

static void
job_end(struct quorum_job *job, enum quorum_status status)
{
	struct quorum_view view = view_of(job->quorum);

	job->status = status;
	if (status == QUORUM_AGREED)
		job->kind->finish(job, &view);
	job->task.run = run_done;
	loop_post(job->loop, &job->task);
}

/* An entry, and what waits for it: a job, or the thread itself. */
struct entry {
	struct raft_apply request;
	struct quorum *quorum;
	struct quorum_job *job; /* NULL: of the thread */
	void (*over)(struct entry *entry, int status, enum quorum_outcome outcome);
};

static void
on_applied(struct raft_apply *request, int status, void *result)
{
	struct entry *entry = request->data;

	entry->quorum->n_under_way--;
	entry->over(entry, status, (enum quorum_outcome)(uintptr_t)result);
	free(entry);
}

/* 0, or -1 when it does not lead. */
static int
put(struct quorum *quorum, const struct quorum_command *command, struct quorum_job *job,
    void (*over)(struct entry *, int, enum quorum_outcome))
{
	struct entry *entry = mem_zalloc(sizeof *entry);
	struct raft_buffer bytes;

	*entry = (struct entry){ .quorum = quorum, .job = job, .over = over };
	entry->request.data = entry;
	if (quorum_fsm_entry(command, &bytes) == -1)
		fatal("no memory for an entry of the quorum");
	if (raft_apply(&quorum->raft, &entry->request, &bytes, 1, on_applied) != 0) {
		raft_free(bytes.base);
		free(entry);
		return -1;
	}
	quorum->n_under_way++;
	return 0;
}

static void
job_over(struct entry *entry, int status, enum quorum_outcome outcome)
{
	entry->job->outcome = outcome;
	job_end(entry->job, status == 0 ? QUORUM_AGREED : QUORUM_LOST);
}

static void
end_jobs(struct quorum_job *first, enum quorum_status status)
{
	for (struct quorum_job *next; first != NULL; first = next) {
		next = first->next;
		job_end(first, status);
	}
}

static struct quorum_job *
take_waiting(struct quorum *quorum)
{
	struct quorum_job *first = quorum->waiting;

	quorum->waiting = NULL;
	quorum->waiting_tail = &quorum->waiting;
	return first;
}

static void begin_barrier(struct quorum *quorum);

static void
on_barrier(struct raft_barrier *barrier, int status)
{
	struct quorum *quorum = barrier->data;
	struct quorum_job *first = quorum->agreed_with;

	quorum->n_under_way--;
	quorum->agreed_with = NULL;
	end_jobs(first, status == 0 ? QUORUM_AGREED : QUORUM_LOST);
	/* While libraft gives up the leadership it still says that it leads, but takes nothing. */
	if (status == 0)
		begin_barrier(quorum);
	else
		end_jobs(take_waiting(quorum), QUORUM_NOT_LEADER);
}

/* One barrier at a time, for all jobs that came before it. */
static void
begin_barrier(struct quorum *quorum)
{
	if (quorum->agreed_with != NULL || quorum->waiting == NULL)
		return;
	quorum->agreed_with = take_waiting(quorum);
	quorum->barrier.data = quorum;
	if (raft_barrier(&quorum->raft, &quorum->barrier, on_barrier) == 0) {
		quorum->n_under_way++;
		return;
	}
	end_jobs(quorum->agreed_with, QUORUM_NOT_LEADER);
	quorum->agreed_with = NULL;
}

static void
run_job(struct task *task, void *receiver)
{
	struct quorum_job *job = container_of(task, struct quorum_job, task);
	struct quorum *quorum = receiver;
	struct quorum_view view = view_of(quorum);

	job->quorum = quorum;
	if (quorum->stopping || !leads(quorum)) {
		job_end(job, QUORUM_NOT_LEADER);
		return;
	}
	job->decided = job->kind->decide != NULL && job->kind->decide(job, &view);
	if (job->decided) {
		if (put(quorum, &job->command, job, job_over) == -1)
			job_end(job, QUORUM_NOT_LEADER);
		return;
	}
	job->next = NULL;
	*quorum->waiting_tail = job;
	quorum->waiting_tail = &job->next;
	begin_barrier(quorum);
}

void
quorum_post(struct quorum *quorum, struct quorum_job *job)
{
	job->task.run = run_job;
	mailbox_post(&quorum->inbox, &job->task);
}

/* ---- Take-over ---- */

static void
promote_over(struct entry *entry, int status, enum quorum_outcome outcome)
{
	(void)entry;
	if (status != 0)
		log_warn(
		    "the quorum did not agree on a new master error=\"%s\"", raft_strerror(status));
	else if (outcome != QUORUM_DONE)
		log_debug("a promotion came too late outcome=%d", (int)outcome);
}

/*
 * A group whose master lost its lease gets another one. While an entry is under way nothing is
 * decided; a second promotion of the same epoch would change nothing, but fill the log.
 */
static void
take_over(struct quorum *quorum, const struct quorum_group *group)
{
	struct quorum_view view = view_of(quorum);
	struct slice name = slice_of(group->name);
	struct quorum_command command = {
		.op = QUORUM_PROMOTE,
		.name = name,
		.epoch = group->epoch,
		.unclean = view.unclean,
	};

	if (group->epoch == 0 || !quorum_leases_over(quorum->leases, name, view.now_ms))
		return;
	if (quorum_leases_designated(quorum->leases, group, view.now_ms) != 0)
		return; /* the election that a person asked for is about to end */
	command.id = quorum_leases_candidate(quorum->leases, group, false, view.now_ms);
	if (command.id == 0 && view.unclean)
		command.id = quorum_leases_candidate(quorum->leases, group, true, view.now_ms);
	/* The master itself asks again when it is there. */
	if (command.id == 0 || command.id == group->master)
		return;
	log_warn("a broker name gets another master name=%s epoch=%u former=%lld master=%lld",
	    group->name, group->epoch + 1, (long long)group->master, (long long)command.id);
	put(quorum, &command, NULL, promote_over);
}

static void
on_step(uv_timer_t *timer)
{
	struct quorum *quorum = timer->data;
	const struct quorum_group *group;

	if (!leads(quorum) || quorum->n_under_way > 0 || !quorum_is_automatic(quorum))
		return;
	for (size_t i = 0; (group = quorum_state_at(quorum->fsm.state, i)) != NULL; i++)
		take_over(quorum, group);
}

/* ---- Start and stop ---- */

static void
on_inbox(uv_poll_t *poll, int status, int events)
{
	struct quorum *quorum = poll->data;
	struct task *task, *next;

	(void)status;
	(void)events;
	mailbox_rearm(&quorum->inbox);
	for (task = mailbox_take(&quorum->inbox); task != NULL; task = next) {
		next = task->next;
		task->run(task, quorum);
	}
}

static void *
run(void *arg)
{
	struct quorum *quorum = arg;

	uv_run(&quorum->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void
on_raft_closed(struct raft *raft)
{
	struct quorum *quorum = raft->data;

	end_jobs(take_waiting(quorum), QUORUM_NOT_LEADER);
	uv_close((uv_handle_t *)&quorum->on_inbox, NULL);
	uv_close((uv_handle_t *)&quorum->on_step, NULL);
}

static void
run_stop(struct task *task, void *receiver)
{
	struct quorum *quorum = receiver;

	(void)task;
	quorum->stopping = true;
	uv_timer_stop(&quorum->on_step);
	raft_close(&quorum->raft, on_raft_closed);
}

/*
 * Every server begins with the same first entry, which names all of them. Or the log of a recovered
 * one gets another such entry.
 */
static int
name_servers(struct quorum *quorum, bool recover)
{
	struct raft_configuration configuration;
	int error = 0;

	raft_configuration_init(&configuration);
	for (size_t i = 0; i < quorum->peers.n && error == 0; i++)
		error = raft_configuration_add(&configuration, (raft_id)quorum->peers.peers[i].id,
		    quorum->peers.peers[i].quorum_address, RAFT_VOTER);
	if (error == 0)
		error = recover ? raft_recover(&quorum->raft, &configuration)
		                : raft_bootstrap(&quorum->raft, &configuration);
	raft_configuration_close(&configuration);
	return error == RAFT_CANTBOOTSTRAP ? 0 : error;
}

static int
open_raft(struct quorum *quorum, const struct quorum_options *options, bool recover)
{
	const struct quorum_peer *self = quorum_peers_find(&quorum->peers, quorum->id);
	struct raft *raft = &quorum->raft;
	int error;

	quorum->transport = quorum_transport_new(
	    &quorum->raft_transport, &quorum->loop, &quorum->peers, options->bind_address);
	error =
	    raft_uv_init(&quorum->io, &quorum->loop, options->directory, &quorum->raft_transport);
	if (error != 0)
		return error;
	raft_uv_set_segment_size(&quorum->io, SEGMENT_BYTES);
	raft_uv_set_connect_retry_delay(&quorum->io, CONNECT_RETRY_MS);
	quorum_fsm_init(&quorum->fsm);
	error = raft_init(
	    raft, &quorum->io, &quorum->fsm.raft, (raft_id)quorum->id, self->quorum_address);
	if (error != 0)
		return error;
	raft->data = quorum;
	raft_set_election_timeout(raft, ELECTION_MS);
	raft_set_heartbeat_timeout(raft, HEARTBEAT_MS);
	raft_set_snapshot_threshold(raft, SNAPSHOT_ENTRIES);
	raft_set_snapshot_trailing(raft, SNAPSHOT_TRAILING);
	raft_set_pre_vote(raft, true);
	error = name_servers(quorum, recover);
	return error != 0 ? error : raft_start(raft);
}

static int
open_loop(struct quorum *quorum)
{
	if (uv_loop_init(&quorum->loop) != 0 ||
	    uv_poll_init(&quorum->loop, &quorum->on_inbox, quorum->inbox.fd) != 0 ||
	    uv_timer_init(&quorum->loop, &quorum->on_step) != 0)
		return -1;
	quorum->on_inbox.data = quorum->on_step.data = quorum;
	uv_poll_start(&quorum->on_inbox, UV_READABLE, on_inbox);
	uv_timer_start(&quorum->on_step, on_step, STEP_MS, STEP_MS);
	return 0;
}

/* After libraft is closed and its loop has ended. */
static void
close_all(struct quorum *quorum)
{
	raft_uv_close(&quorum->io);
	quorum_transport_free(quorum->transport);
	uv_loop_close(&quorum->loop);
	quorum_fsm_release(&quorum->fsm);
}

static int
open_all(struct quorum *quorum, const struct quorum_options *options, bool recover)
{
	return open_loop(quorum) == 0 ? open_raft(quorum, options, recover) : RAFT_IOERR;
}

/* The log names the servers of quorumPeers, by their ids. */
static bool
knows_peers(const struct quorum *quorum)
{
	const struct raft_configuration *known = &quorum->raft.configuration;
	bool same = known->n == quorum->peers.n;

	for (unsigned i = 0; i < known->n; i++)
		same &= quorum_peers_find(&quorum->peers, (int64_t)known->servers[i].id) != NULL;
	return same;
}

/* What the log says of the servers of the quorum is replaced by quorumPeers, with a new start. */
static int
recover(struct quorum *quorum, const struct quorum_options *options)
{
	log_warn("quorumRecover: the servers of quorumPeers are the quorum from now on; those of "
		 "the former one must not start again with their logs servers=%s former=%u",
	    options->peers, quorum->raft.configuration.n);
	raft_close(&quorum->raft, on_raft_closed);
	uv_run(&quorum->loop, UV_RUN_DEFAULT);
	close_all(quorum);
	memset(&quorum->raft, 0, sizeof quorum->raft);
	memset(&quorum->io, 0, sizeof quorum->io);
	memset(&quorum->raft_transport, 0, sizeof quorum->raft_transport);
	return open_all(quorum, options, true);
}

/*
 * After a failed start the process ends, so what libraft holds then is left to it: it cannot be
 * closed in every state of its start.
 */
struct quorum *
quorum_start(const struct quorum_options *options)
{
	struct quorum *quorum = mem_zalloc(sizeof *quorum);
	const char *fault;
	int error;

	quorum->id = options->id;
	atomic_store(&quorum->unclean, options->unclean);
	quorum->waiting_tail = &quorum->waiting;
	if (quorum_peers_parse(&quorum->peers, slice_of(options->peers), &fault) == -1) {
		log_error("quorumPeers %s", fault);
		free(quorum);
		return NULL;
	}
	if (quorum_peers_find(&quorum->peers, quorum->id) == NULL) {
		log_error("quorumPeers has no server with quorumId %lld", (long long)quorum->id);
		goto fail;
	}
	if (mkdir(options->directory, 0755) == -1 && errno != EEXIST) {
		log_error("the quorum cannot make its directory path=%s error=\"%s\"",
		    options->directory, strerror(errno));
		goto fail;
	}
	mailbox_init(&quorum->inbox);
	quorum->leases = quorum_leases_new(QUORUM_LEASE_MS, MARGIN_MS);
	error = open_all(quorum, options, false);
	if (error == 0 && !knows_peers(quorum)) {
		if (!options->recover) {
			log_error(
			    "the log of the quorum knows other servers than quorumPeers; if those "
			    "are dead for ever, quorumRecover=true makes quorumPeers the quorum "
			    "path=%s",
			    options->directory);
			return NULL;
		}
		error = recover(quorum, options);
	}
	if (error != 0) {
		log_error("the quorum cannot start path=%s error=\"%s\" detail=\"%s\"",
		    options->directory, raft_strerror(error), raft_errmsg(&quorum->raft));
		return NULL;
	}
	log_info("quorum id=%lld servers=%zu port=%d takeover=%s", (long long)quorum->id,
	    quorum->peers.n, quorum_peers_find(&quorum->peers, quorum->id)->quorum_port,
	    quorum_is_automatic(quorum) ? "automatic" : "by electMaster");
	thread_start(&quorum->thread, "quorum", run, quorum);
	return quorum;
fail:
	quorum_peers_release(&quorum->peers);
	free(quorum);
	return NULL;
}

void
quorum_stop(struct quorum *quorum)
{
	if (quorum == NULL)
		return;
	quorum->stop_task.run = run_stop;
	mailbox_post(&quorum->inbox, &quorum->stop_task);
	pthread_join(quorum->thread, NULL);
	close_all(quorum);
	quorum_leases_free(quorum->leases);
	mailbox_release(&quorum->inbox);
	quorum_peers_release(&quorum->peers);
	free(quorum);
}
