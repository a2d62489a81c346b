/* Kinds of topics by their names, as RocketMQ reserves them. */

const SYSTEM = new Set(['TBW102', 'SELF_TEST_TOPIC', 'BenchmarkTest', 'OFFSET_MOVED_EVENT', 'AUTO_CREATE_TOPIC_KEY_TOPIC', 'SCHEDULE_TOPIC_XXXX', 'TRANS_CHECK_MAX_TIME_TOPIC', 'rmq_sys_wheel_timer']);
const SYSTEM_GROUPS = new Set(['TOOLS_CONSUMER', 'FILTERSRV_CONSUMER', 'SELF_TEST_C_GROUP', 'CID_ONS-HTTP-PROXY', 'CID_ONSAPI_PERMISSION', 'CID_ONSAPI_OWNER', 'CID_ONSAPI_PULL']);

export const RETRY = '%RETRY%';
export const DEAD = '%DLQ%';

/* own: names of the clusters and brokers, which have topics, too. */
export function topicKind(topic, own = new Set()) {
  if (topic.startsWith(RETRY)) return 'retry';
  if (topic.startsWith(DEAD)) return 'dead';
  if (SYSTEM.has(topic) || /^(RMQ_SYS_|rmq_sys_|CID_RMQ_SYS_)/.test(topic) || own.has(topic) || topic.endsWith('_REPLY_TOPIC')) return 'system';
  return 'normal';
}

export function isSystemGroup(group) {
  return SYSTEM_GROUPS.has(group) || group.startsWith('CID_RMQ_SYS_');
}

export const topicLink = topic => `#/topics/${encodeURIComponent(topic)}`;
export const groupLink = group => `#/groups/${encodeURIComponent(group)}`;
export const messageLink = (id, topic) => `#/messages/${encodeURIComponent(id)}${topic ? `?topic=${encodeURIComponent(topic)}` : ''}`;
