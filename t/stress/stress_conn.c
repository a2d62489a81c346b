#include "config.h"

/*
 * Loops, connections and tickets across threads: clients on one loop keep many
 * requests in flight to a server on three others, whose handler sends each to a
 * fourth thread and home again, while connections are closed at random.
 * Meant for ThreadSanitizer; prints TAP.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/net/server.h"

#define N_LOOPS 3
#define N_CLIENTS 12
#define IN_FLIGHT 32
#define N_REQUESTS 40000

/* ---- the thread that does the work ---------------------------------------- */

struct worker {
	struct mailbox inbox;
	pthread_t thread;
	bool stopped;
};

struct job {
	struct task task; /* first: the task is the job */
	struct loop *home;
	struct ticket ticket;
	char *text;
	size_t len;
};

static void
run_answer(struct task *task, void *receiver)
{
	struct job *job = (struct job *)task;
	const struct body_part part = { job->text, job->len, job->text, free };

	ticket_reply(receiver, &job->ticket, &(struct reply){ .parts = &part, .n_parts = 1 });
	free(job);
}

static void
run_job(struct task *task, void *receiver)
{
	struct job *job = (struct job *)task;

	(void)receiver;
	for (size_t i = 0; i < job->len / 2; i++) {
		char c = job->text[i];

		job->text[i] = job->text[job->len - 1 - i];
		job->text[job->len - 1 - i] = c;
	}
	job->task.run = run_answer;
	loop_post(job->home, &job->task);
}

static void
run_stop(struct task *task, void *receiver)
{
	(void)task;
	((struct worker *)receiver)->stopped = true;
}

static void *
work(void *arg)
{
	struct worker *worker = arg;

	while (!worker->stopped) {
		mailbox_wait(&worker->inbox, -1);
		for (struct task *task = mailbox_take(&worker->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			task->run(task, worker);
		}
	}
	return NULL;
}

/* ---- the server ------------------------------------------------------------- */

static enum verdict
reverse_begin(struct request *request)
{
	struct worker *worker = server_context(request->server);
	struct job *job = mem_alloc(sizeof *job);

	*job = (struct job){
		.task.run = run_job,
		.home = request->loop,
		.ticket = request_ticket(request),
		.text = slice_dup(request->body),
		.len = request->body.len,
	};
	mailbox_post(&worker->inbox, &job->task);
	return VERDICT_LATER;
}

static const struct handler handlers[] = {
	{ 10, "REVERSE", NULL, 0, reverse_begin, 0 },
	{ 0 },
};

static const struct handler *const families[] = { handlers, NULL };

static void *
run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

/* ---- the clients ------------------------------------------------------------ */

struct clients {
	struct loop loop;
	struct sockaddr_in address;
	struct client {
		struct clients *all;
		struct conn *conn;
		unsigned seed;
	} each[N_CLIENTS];
	int n_sent;
	int n_waiting;
	int n_right;
	int n_wrong;
	int n_gone;
};

struct question {
	struct client *client;
	int number;
};

static void ask(struct client *client);

static bool
is_reversed(struct slice body, int number)
{
	char text[32];
	int len = snprintf(text, sizeof text, "question %d", number);

	if (body.len != (size_t)len)
		return false;
	for (int i = 0; i < len; i++)
		if (body.data[i] != text[len - 1 - i])
			return false;
	return true;
}

static void
on_reply(void *arg, const struct command *answer, struct slice body)
{
	struct question question = *(struct question *)arg;
	struct client *client = question.client;
	struct clients *all = client->all;

	free(arg);
	all->n_waiting--;
	if (answer == NULL)
		all->n_gone++;
	else if (is_reversed(body, question.number))
		all->n_right++;
	else
		all->n_wrong++;
	if (answer != NULL && rand_r(&client->seed) % 500 == 0)
		conn_close(client->conn, "at random");
	else if (answer != NULL)
		ask(client);
	if (all->n_sent == N_REQUESTS && all->n_waiting == 0)
		loop_stop(&all->loop);
}

static void
ask(struct client *client)
{
	const struct command command = { .code = 10,
		.codec = client->seed % 2 == 0 ? FRAME_JSON : FRAME_BINARY };
	struct clients *all = client->all;
	char text[32];

	if (all->n_sent == N_REQUESTS || client->conn == NULL)
		return;
	struct question *question = mem_alloc(sizeof *question);

	*question = (struct question){ client, all->n_sent++ };
	all->n_waiting++;
	snprintf(text, sizeof text, "question %d", question->number);
	conn_request(client->conn, &command, slice_of(text), 60000, on_reply, question);
}

static void client_connect(struct client *client);

static void
on_close(struct conn *conn, const char *why)
{
	struct client *client = conn_context(conn);

	(void)why;
	client->conn = NULL;
	if (client->all->n_sent != N_REQUESTS)
		client_connect(client);
}

static const struct conn_events events = { .on_close = on_close };

static void
client_connect(struct client *client)
{
	struct clients *all = client->all;

	client->conn = conn_connect(&all->loop, (struct sockaddr *)&all->address,
	    sizeof all->address, 60000, &events, client);
	for (int i = 0; i < IN_FLIGHT; i++)
		ask(client);
}

static void
clients_run(struct clients *all, int port)
{
	*all = (struct clients){ 0 };
	loop_init(&all->loop, 0);
	all->address.sin_family = AF_INET;
	all->address.sin_port = htons((uint16_t)port);
	all->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < N_CLIENTS; i++) {
		all->each[i] = (struct client){ .all = all, .seed = i + 1 };
		client_connect(&all->each[i]);
	}
	loop_run(&all->loop);
}

static bool
report(int number, bool ok, const char *what)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", number, what);
	return ok;
}

int
main(void)
{
	struct worker worker = { .stopped = false };
	struct loop loops[N_LOOPS];
	pthread_t threads[N_LOOPS];
	struct clients clients;

	mailbox_init(&worker.inbox);
	for (int i = 0; i < N_LOOPS; i++)
		loop_init(&loops[i], i);
	struct server *server = server_new(&(struct server_options){
	    .families = families,
	    .loops = loops,
	    .n_loops = N_LOOPS,
	    .idle_ms = 60000,
	    .max_connections = 1000,
	    .context = &worker,
	});
	int port = server_listen(server, "127.0.0.1", 0, 0);

	pthread_create(&worker.thread, NULL, work, &worker);
	for (int i = 0; i < N_LOOPS; i++)
		pthread_create(&threads[i], NULL, run_loop, &loops[i]);
	clients_run(&clients, port);
	uint64_t n_served = server_count(server, 10); /* while the loops run */

	for (int i = 0; i < N_LOOPS; i++) {
		loop_stop(&loops[i]);
		pthread_join(threads[i], NULL);
	}
	mailbox_post(&worker.inbox, &(struct task){ NULL, run_stop });
	pthread_join(worker.thread, NULL);
	loop_release(&clients.loop);
	server_free(server);
	for (int i = 0; i < N_LOOPS; i++)
		loop_release(&loops[i]);
	mailbox_release(&worker.inbox);

	bool ok = report(1, clients.n_wrong == 0, "each answer belongs to its request");
	ok &= report(2, clients.n_right + clients.n_gone == N_REQUESTS, "each request ends once");
	ok &=
	    report(3, clients.n_gone > 0 && clients.n_right > N_REQUESTS / 2, "some were cut off");
	ok &= report(4, n_served >= (uint64_t)clients.n_right, "the server counted them");
	printf("# %d right, %d cut off\n1..4\n", clients.n_right, clients.n_gone);
	return ok ? 0 : 1;
}
