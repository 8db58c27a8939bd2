/* The C interface of the crate in this folder: sled's database for a caller in another language.
 *
 * Threads     Call anything on a database from any thread. Bytes and scans belong to one thread at a time.
 * Durability  A write that returned kKvsSledOk has left the process: sled flushed its buffer before, once for all
 *             waiting writers. After kvs_sled_sync() it survives power loss too.
 * Ownership   The caller owns an object that a call returns through a pointer to a pointer. It passes the object to the
 *             matching _free or _close function. No argument need outlive the call.
 * Errors      `error` gets a text if the status is an error, and is unchanged otherwise. A panic of sled is an error
 *             as well; nothing unwinds across this border.
 */
#ifndef KVS_SLED_H
#define KVS_SLED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct KvsSled KvsSled;           /* An open database. */
typedef struct KvsSledBytes KvsSledBytes; /* Bytes that sled returned. */
typedef struct KvsSledBatch KvsSledBatch; /* Writes that will take effect together. */
typedef struct KvsSledScan KvsSledScan;   /* An iteration over keys in order. */

/* Bytes of the caller. data may be null if size is 0. */
typedef struct {
  const uint8_t* data;
  size_t size;
} KvsSledView;

/* The status of a call. DO NOT renumber: lib.rs repeats these. */
typedef enum {
  kKvsSledOk = 0,
  kKvsSledAbsent = 1,   /* No such key, or the end of a scan. */
  kKvsSledConflict = 2, /* Another writer came between. */
  kKvsSledIo = 3,       /* The error's errno tells why, if it is set. */
  kKvsSledCorruption = 4,
  kKvsSledInUse = 5, /* Another process has the database open. */
  kKvsSledFault = 6  /* A panic, or a bug that sled reports. */
} KvsSledStatus;

typedef struct {
  int sys_errno;      /* 0: none. */
  KvsSledBytes* text; /* UTF-8; null: none. The caller frees it. */
} KvsSledError;

KvsSledStatus kvs_sled_open(KvsSledView directory, KvsSled** database, KvsSledError* error);
void kvs_sled_close(KvsSled* database); /* Flushes. The directory can be opened again when it returns. */

KvsSledStatus kvs_sled_set(const KvsSled* database, KvsSledView key, KvsSledView value, KvsSledError* error);
KvsSledStatus kvs_sled_get(const KvsSled* database, KvsSledView key, KvsSledBytes** value, KvsSledError* error);
KvsSledStatus kvs_sled_remove(const KvsSled* database, KvsSledView key, KvsSledError* error);

/* Replaces the value *current of the key by *next. A null current means that the key is absent; a null next removes it.
 * kKvsSledConflict: the key does not hold *current, and nothing was done. */
KvsSledStatus kvs_sled_replace(const KvsSled* database, KvsSledView key, const KvsSledView* current,
                               const KvsSledView* next, KvsSledError* error);

KvsSledBatch* kvs_sled_batch_new(void);
void kvs_sled_batch_set(KvsSledBatch* batch, KvsSledView key, KvsSledView value);
void kvs_sled_batch_remove(KvsSledBatch* batch, KvsSledView key);
KvsSledStatus kvs_sled_batch_apply(const KvsSled* database, KvsSledBatch* batch, KvsSledError* error); /* Frees it. */

/* Visits the keys from <= key < to. to: null, no upper bound. reverse: not 0, greatest key first. */
KvsSledScan* kvs_sled_scan_new(const KvsSled* database, KvsSledView from, const KvsSledView* to, int reverse);
KvsSledStatus kvs_sled_scan_next(KvsSledScan* scan, KvsSledBytes** key, KvsSledError* error);
void kvs_sled_scan_free(KvsSledScan* scan);

KvsSledStatus kvs_sled_sync(const KvsSled* database, KvsSledError* error);
KvsSledStatus kvs_sled_count(const KvsSled* database, uint64_t* keys, KvsSledError* error); /* Visits every key. */
KvsSledStatus kvs_sled_disk_bytes(const KvsSled* database, uint64_t* bytes, KvsSledError* error);

KvsSledView kvs_sled_bytes_view(const KvsSledBytes* bytes);
void kvs_sled_bytes_free(KvsSledBytes* bytes); /* null is allowed. */

#ifdef __cplusplus
}
#endif

#endif /* KVS_SLED_H */
