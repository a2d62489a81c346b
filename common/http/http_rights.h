#ifndef COMMON_HTTP_RIGHTS_H
#define COMMON_HTTP_RIGHTS_H

/* The rights that a route, a command of mqadmin, or the role of an account has. */

#define HTTP_MAY_READ 1u  /* look at the state of the daemon */
#define HTTP_MAY_WRITE 2u /* send, receive and acknowledge messages; topics, groups, offsets */
#define HTTP_MAY_ADMIN 4u /* delete topics and groups, change settings, manage accounts */

#endif
