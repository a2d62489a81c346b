#include "config.h"

#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "nameserver/namesrv.h"

/* Every request that the name server answers; other codes get REQUEST_CODE_NOT_SUPPORTED. */
const struct handler namesrv_handlers[] = {
	/* clients */
	HANDLER_TYPED(GET_ROUTEINFO_BY_TOPIC, route_header, get_route_begin, 0),

	/* brokers */
	HANDLER_TYPED(REGISTER_BROKER, register_broker_header, register_broker_begin, 0),
	HANDLER_TYPED(UNREGISTER_BROKER, broker_identity_header, unregister_broker_begin, 0),
	HANDLER_TYPED(QUERY_DATA_VERSION, broker_identity_header, query_data_version_begin, 0),
	HANDLER_TYPED(BROKER_HEARTBEAT, broker_heartbeat_header, broker_heartbeat_begin, 0),
	HANDLER_TYPED(GET_BROKER_MEMBER_GROUP, member_group_header, get_member_group_begin, 0),
	HANDLER_PLAIN(REGISTER_TOPIC_IN_NAMESRV, register_topic_begin, 0),

	/* pairs */
	{ REQUEST_PUT_KV_CONFIG, "PUT_KV_CONFIG", put_kv_header_fields, sizeof(struct kv_header),
	    put_kv_begin, HANDLER_ADMIN },
	HANDLER_TYPED(GET_KV_CONFIG, kv_header, get_kv_begin, 0),
	HANDLER_TYPED(DELETE_KV_CONFIG, kv_header, delete_kv_begin, HANDLER_ADMIN),
	HANDLER_TYPED(GET_KVLIST_BY_NAMESPACE, namespace_header, list_kv_begin, 0),

	/* tools */
	HANDLER_PLAIN(GET_BROKER_CLUSTER_INFO, get_cluster_info_begin, 0),
	HANDLER_PLAIN(GET_ALL_TOPIC_LIST_FROM_NAMESERVER, get_all_topics_begin, 0),
	HANDLER_TYPED(GET_TOPICS_BY_CLUSTER, cluster_header, get_cluster_topics_begin, 0),
	HANDLER_PLAIN(GET_SYSTEM_TOPIC_LIST_FROM_NS, get_system_topics_begin, 0),
	HANDLER_PLAIN(GET_UNIT_TOPIC_LIST, get_unit_topics_begin, 0),
	HANDLER_PLAIN(GET_HAS_UNIT_SUB_TOPIC_LIST, get_unit_sub_topics_begin, 0),
	HANDLER_PLAIN(GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, get_unit_sub_ununit_topics_begin, 0),
	HANDLER_TYPED(
	    WIPE_WRITE_PERM_OF_BROKER, broker_name_header, wipe_write_perm_begin, HANDLER_ADMIN),
	HANDLER_TYPED(
	    ADD_WRITE_PERM_OF_BROKER, broker_name_header, add_write_perm_begin, HANDLER_ADMIN),
	HANDLER_TYPED(
	    DELETE_TOPIC_IN_NAMESRV, delete_route_header, delete_topic_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(UPDATE_NAMESRV_CONFIG, daemon_update_config, HANDLER_ADMIN),
	HANDLER_PLAIN(GET_NAMESRV_CONFIG, daemon_get_config, 0),

	{ .name = NULL },
};
