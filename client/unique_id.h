#ifndef CLIENT_UNIQUE_ID_H
#define CLIENT_UNIQUE_ID_H

/* Ids that no other client makes. Any thread. */

#define CLIENT_ID_LEN 63

/* As Java's: address and process, then what tells the handles of the process apart. */
void client_id_make(char id[static CLIENT_ID_LEN + 1]);

#endif
