#ifndef ADMIN_CLUSTER_H
#define ADMIN_CLUSTER_H

/*
 * A cluster as mqcluster sees it: the roles of cluster.ini, which of them run on this host, where
 * they listen, and the directory of their pid files, logs and data. A function that fails puts one
 * line into cluster->why. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "client/twinmq.h"
#include "common/base/arena.h"

#define CLUSTER_ROLES_MAX 64

enum role_kind {
	ROLE_NAME_SERVER,
	ROLE_BROKER,
};

struct role {
	enum role_kind kind;
	const char *name; /* of its section, "broker-a" */
	const char *host;
	const char *config;      /* absolute path of its file */
	const char *broker_name; /* ROLE_BROKER: brokerName of that file */
	int broker_id;           /* ROLE_BROKER: above 0 at a slave */
	bool here;               /* it belongs to this host */
	bool witness;            /* ROLE_NAME_SERVER: it only votes in the quorum */
	int port;
	int quorum_port; /* ROLE_NAME_SERVER, with a witness */
	int http_port;   /* ROLE_NAME_SERVER: as its file says; where two would meet, another one */
	int console_port;            /* ROLE_NAME_SERVER; 0: no console */
	const char *console_address; /* that it binds; NULL: the daemon's default */
	const char *address;         /* host:port for clients */
	bool has_store;              /* its file names the folder of the data */
	bool has_name_servers;       /* its file names the name servers */
	const char *accounts_file;   /* accountsFile of its file; NULL: not said */
	bool only_loopback;          /* other machines cannot reach its ports */
};

struct cluster {
	struct arena arena; /* of all texts */
	const char *file;   /* cluster.ini, absolute */
	const char *name;
	const char *witness;                  /* host of the witness; NULL: there is no quorum */
	const char *own_directory;            /* of the file, absolute; NULL: not said */
	const char *directory;                /* the one to use, absolute */
	const char *programs;                 /* directory of the daemons */
	bool one_machine;                     /* all roles are here; all ports are on loopback */
	const char *name_servers;             /* all of them, as clients want them */
	const char *controllers;              /* the same and the witness; NULL: no quorum */
	const char *quorum_peers;             /* as quorumPeers wants them; NULL: no quorum */
	struct role roles[CLUSTER_ROLES_MAX]; /* name servers first */
	size_t n_roles;
	char why[1024]; /* the error, one line */
};

/* Sets cluster->why; returns -1. */
int cluster_fail(struct cluster *cluster, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads the file; NULL: from the usual places. directory: replaces that of the file. 0 or -1. */
int cluster_read(struct cluster *cluster, const char *file, const char *directory);
/* Finds the roles of this host and all ports. local: all roles are here. 0 or -1. */
int cluster_place(struct cluster *cluster, bool local);
void cluster_release(struct cluster *cluster);

const char *role_program(const struct role *role); /* "mqbroker" */
const char *role_program_path(struct cluster *cluster, const struct role *role);
/* DIRECTORY/NAMESUFFIX, in the arena. */
const char *role_path(struct cluster *cluster, const struct role *role, const char *suffix);
/* The accountsFile of the role; NULL: of the first one here. In the arena. */
const char *cluster_accounts_file(struct cluster *cluster, const struct role *role);
/* Where the first password of those accounts is until somebody changes it. */
const char *cluster_password_file(struct cluster *cluster, const struct role *role);
/* argv for execv, with NULL at the end; in the arena. */
char **role_arguments(struct cluster *cluster, const struct role *role);

/* Sends a message to the broker's own topic and reads it back. 0, or -1 and *error. */
int cluster_probe_broker(struct twinmq *mq, const char *broker_name, struct twinmq_error *error);
/* Whether name servers answer at all: 0 or -1. */
int cluster_is_answered(struct twinmq *mq);
/*
 * Whether the broker of this role is registered: 1 or 0; -1: no name server answers. With a quorum
 * it may have another id than its file says, so its port tells it.
 */
int cluster_is_registered(
    const struct cluster *cluster, struct twinmq *mq, const struct role *role);

#endif
