#ifndef BROKER_OPTIONS_H
#define BROKER_OPTIONS_H

/*
 * The broker's settings. Members are named like their keys. Sources of names
 * and defaults: BrokerConfig, MessageStoreConfig and NettyServerConfig of RocketMQ 4.2.0, 4.9.8 and 5.3.3.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/option.h"

struct broker_settings {
	char *broker_cluster_name;
};

extern const struct option broker_options[];
extern const char *const broker_sections[];

#endif
