#ifndef ADMIN_CLUSTER_H
#define ADMIN_CLUSTER_H

/*
 * What mqcluster knows of a cluster: the roles of cluster.ini, which of them
 * are this host's, where they listen, and the directory of their pid files,
 * logs and data. Everything that fails says why in one line.
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
	bool here;               /* to be run on this host */
	int port;
	const char *address;   /* host:port for clients */
	bool has_store;        /* its file says where data goes */
	bool has_name_servers; /* its file says which name servers to use */
	bool only_loopback;    /* other machines cannot reach its ports */
};

struct cluster {
	struct arena arena; /* of all texts */
	const char *file;   /* cluster.ini, absolute */
	const char *name;
	const char *own_directory;            /* of the file, absolute; NULL: not said */
	const char *directory;                /* the one to use, absolute */
	const char *programs;                 /* directory of the daemons */
	bool one_machine;                     /* all roles are here: everything stays on loopback */
	const char *name_servers;             /* all of them, for clients */
	struct role roles[CLUSTER_ROLES_MAX]; /* name servers first */
	size_t n_roles;
	char why[1024]; /* what went wrong */
};

/* Puts the line into cluster->why; returns -1. */
int cluster_fail(struct cluster *cluster, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads the file (NULL: the usual places). directory: instead of the file's. 0 or -1. */
int cluster_read(struct cluster *cluster, const char *file, const char *directory);
/* Finds out which roles are here, and all ports. local: all are, whatever their names. 0 or -1. */
int cluster_place(struct cluster *cluster, bool local);
void cluster_release(struct cluster *cluster);

const char *role_program(const struct role *role); /* "mqbroker" */
const char *role_program_path(struct cluster *cluster, const struct role *role);
/* DIRECTORY/NAMESUFFIX, in the arena. */
const char *role_path(struct cluster *cluster, const struct role *role, const char *suffix);
/* What to run: argv for execv, NULL at the end, in the arena. */
char **role_arguments(struct cluster *cluster, const struct role *role);

/* Sends a message to the broker's own topic and reads it back. 0, or -1 and *error. */
int cluster_probe_broker(struct twinmq *mq, const char *broker_name, struct twinmq_error *error);
/* Whether a broker of that name is registered: 1 or 0; -1: no name server answers. */
int cluster_is_registered(struct twinmq *mq, const char *broker_name);

#endif
