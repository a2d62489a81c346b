#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/admin.h"
#include "common/base/mem.h"

/* A growing list on the heap; finish_targets moves it to the arena. */
struct target_list {
	struct target *list;
	size_t n, cap;
};

static void
add_target(struct target_list *targets, const struct broker_data *broker,
    const struct broker_address *address)
{
	if (targets->n == targets->cap) {
		targets->cap = targets->cap != 0 ? 2 * targets->cap : 8;
		targets->list = mem_realloc(targets->list, targets->cap * sizeof *targets->list);
	}
	targets->list[targets->n++] = (struct target){
		.cluster = broker->cluster,
		.name = broker->name,
		.id = address->id,
		.address = address->address,
	};
}

static int
compare_targets(const void *left, const void *right)
{
	const struct target *a = left, *b = right;
	int order = slice_compare(a->cluster, b->cluster);

	if (order == 0)
		order = slice_compare(a->name, b->name);
	return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

static void
finish_targets(struct admin *admin, struct target_list *from, struct targets *to)
{
	struct target *list = arena_alloc(&admin->arena, (from->n + 1) * sizeof *list);

	if (from->n != 0) {
		qsort(from->list, from->n, sizeof *from->list, compare_targets);
		memcpy(list, from->list, from->n * sizeof *list);
	}
	*to = (struct targets){ list, from->n };
	free(from->list);
}

static int
fail_unknown_cluster(struct admin *admin, struct slice cluster, const struct cluster_info *info)
{
	struct buf known = { 0 };

	for (size_t i = 0; i < info->n_clusters; i++)
		buf_printf(&known, "%s%.*s", i != 0 ? ", " : "", (int)info->clusters[i].name.len,
		    info->clusters[i].name.data);
	if (info->n_clusters == 0)
		buf_append_text(&known, "none: no broker is registered");
	admin_fail(admin, "there is no cluster \"%.*s\"; the name server knows %s",
	    (int)cluster.len, cluster.data, buf_text(&known));
	buf_release(&known);
	return -1;
}

static bool
has_cluster(const struct cluster_info *info, struct slice cluster)
{
	for (size_t i = 0; i < info->n_clusters; i++)
		if (slice_equal(info->clusters[i].name, cluster))
			return true;
	return false;
}

int
admin_cluster_brokers(
    struct admin *admin, struct slice cluster, unsigned which, struct targets *targets)
{
	struct target_list list = { 0 };
	struct cluster_info info;

	if (twinmq_cluster_info(admin->mq, &admin->arena, &info) == -1)
		return admin_fail_call(admin);
	if (cluster.data != NULL && !has_cluster(&info, cluster))
		return fail_unknown_cluster(admin, cluster, &info);
	for (size_t i = 0; i < info.n_brokers; i++) {
		const struct broker_data *broker = &info.brokers[i];

		if (cluster.data != NULL && !slice_equal(broker->cluster, cluster))
			continue;
		for (size_t j = 0; j < broker->n_addresses; j++)
			if ((which & TARGET_MASTERS) == 0 || broker->addresses[j].id == MASTER_ID)
				add_target(&list, broker, &broker->addresses[j]);
	}
	finish_targets(admin, &list, targets);
	if (targets->n != 0)
		return 0;
	return admin_fail(admin,
	    "no %s is registered at the name server; is one running, and is its namesrvAddr right?",
	    (which & TARGET_MASTERS) != 0 ? "master" : "broker");
}

/* The broker of -b: an address, or the name of a master. */
static int
named_broker(struct admin *admin, struct slice broker, struct targets *targets)
{
	struct target *one = arena_zalloc(&admin->arena, sizeof *one);
	struct targets all;

	*targets = (struct targets){ one, 1 };
	if (memchr(broker.data, ':', broker.len) != NULL) {
		const char *fault = twinmq_address_fault(broker);

		if (fault != NULL)
			return admin_misuse(
			    admin, "-b %.*s: %s", (int)broker.len, broker.data, fault);
		one->address = broker;
		return 0;
	}
	if (admin_cluster_brokers(admin, SLICE_NONE, TARGET_MASTERS, &all) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (slice_equal(all.list[i].name, broker)) {
			*one = all.list[i];
			return 0;
		}
	return admin_fail(admin,
	    "\"%.*s\" is neither host:port nor the name of a master; see clusterList",
	    (int)broker.len, broker.data);
}

static int
only_cluster(struct admin *admin, struct slice *cluster)
{
	struct cluster_info info;

	if (twinmq_cluster_info(admin->mq, &admin->arena, &info) == -1)
		return admin_fail_call(admin);
	if (info.n_clusters > 1)
		return admin_misuse(admin,
		    "there are %zu clusters: name one with -c, or a broker with -b",
		    info.n_clusters);
	*cluster = info.n_clusters == 1 ? info.clusters[0].name : SLICE_NONE;
	return 0;
}

int
admin_targets(struct admin *admin, unsigned which, struct targets *targets)
{
	struct slice cluster = slice_of(args_text(&admin->args, 'c'));
	struct slice broker = slice_of(args_text(&admin->args, 'b'));

	if (broker.data != NULL)
		return named_broker(admin, slice_trim(broker), targets);
	if (cluster.data != NULL)
		cluster = slice_trim(cluster);
	else if (only_cluster(admin, &cluster) == -1)
		return -1;
	return admin_cluster_brokers(admin, cluster, which, targets);
}

void
admin_route_brokers(struct admin *admin, const struct route *route, struct targets *targets)
{
	struct target_list list = { 0 };

	for (size_t i = 0; i < route->n_brokers; i++) {
		const struct broker_data *broker = &route->brokers[i];
		struct broker_address address = { MASTER_ID, broker_data_address(broker) };

		if (address.address.data != NULL)
			add_target(&list, broker, &address);
	}
	finish_targets(admin, &list, targets);
}

int
admin_topic_brokers(struct admin *admin, struct slice topic, struct targets *targets)
{
	struct route route;

	if (twinmq_route(admin->mq, topic, &admin->arena, &route) == -1)
		return admin_fail_call(admin);
	admin_route_brokers(admin, &route, targets);
	return 0;
}
