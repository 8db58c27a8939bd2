/* The C interface of the crate in this folder: redb and fjall for kvs-bench.
 *
 * Threads     Call anything on a peer from any thread, but kvs_peer_close(), which comes last.
 * Durability  If `durable` is not 0, each change survives power loss once its call has returned. Otherwise it is redb's
 *             Durability::None or fjall's PersistMode::Buffer: see redb_store.rs and fjall_store.rs.
 * Ownership   No argument need outlive the call. A value belongs to the visit that it is passed to.
 * Errors      A peer that fails ends the process, with a message.
 */
#ifndef KVS_PEERS_H
#define KVS_PEERS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct KvsPeer KvsPeer; /* An open database. */

/* data may be null if size is 0. */
typedef struct {
  const uint8_t* data;
  size_t size;
} KvsPeerView;

typedef struct {
  KvsPeerView key;
  KvsPeerView value;
} KvsPeerPair;

/* DO NOT renumber: lib.rs repeats these. */
typedef enum { kKvsPeerRedb = 0, kKvsPeerFjall = 1 } KvsPeerKind;

/* index: of the key among those of the call, or of the pair in a scan. */
typedef void (*KvsPeerVisit)(void* context, size_t index, KvsPeerView value);

/* cache_bytes: of the peer's own cache. */
KvsPeer* kvs_peer_open(KvsPeerKind kind, KvsPeerView directory, int durable, uint64_t cache_bytes);
void kvs_peer_close(KvsPeer* peer);

/* redb: all of them in one transaction. fjall: one by one. */
void kvs_peer_set(const KvsPeer* peer, const KvsPeerPair* pairs, size_t count);
void kvs_peer_remove(const KvsPeer* peer, KvsPeerView key);

/* Visits the values of the keys that are there. redb: in one transaction. */
void kvs_peer_get(const KvsPeer* peer, const KvsPeerView* keys, size_t count, KvsPeerVisit visit, void* context);

/* Visits up to `limit` values in the order of the keys, from the first key that is not below `from`. */
void kvs_peer_scan(const KvsPeer* peer, KvsPeerView from, uint64_t limit, KvsPeerVisit visit, void* context);

void kvs_peer_sync(const KvsPeer* peer);
int kvs_peer_compact(const KvsPeer* peer); /* 0: it has no call that puts its data in order. */

#ifdef __cplusplus
}
#endif

#endif /* KVS_PEERS_H */
