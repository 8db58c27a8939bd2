#include "commands/table/refused_commands.h"

#include <array>

namespace kvs::server {
namespace {

constexpr auto kRefused = std::to_array<RefusedCommands>({
    {.group = "list",
     .names = "blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange lrem "
              "lset ltrim rpop rpoplpush rpush rpushx",
     .why = "A value is a string of bytes: there are no lists."},
    {.group = "set",
     .names = "sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop "
              "srandmember srem sscan sunion sunionstore",
     .why = "A value is a string of bytes: there are no sets."},
    {.group = "sorted-set",
     .names = "bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore "
              "zlexcount zmpop zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank "
              "zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank "
              "zscan zscore zunion zunionstore",
     .why = "A value is a string of bytes: there are no sorted sets. Keys are sorted: `KVS.SCAN` walks over a range."},
    {.group = "hash",
     .names = "hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx "
              "hstrlen hvals",
     .why = "A value is a string of bytes: there are no hashes."},
    {.group = "stream",
     .names = "xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid "
              "xtrim",
     .why = "A value is a string of bytes: there are no streams."},
    {.group = "geo",
     .names = "geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch "
              "geosearchstore",
     .why = "They work on sorted sets."},
    {.group = "hyperloglog",
     .names = "pfadd pfcount pfdebug pfmerge pfselftest",
     .why = "Their values are strings in a format of Redis's own, which is not implemented."},
    {.group = "generic",
     .names = "migrate sort sort_ro",
     .why = "MIGRATE would talk to other servers: DUMP and RESTORE do it by hand. SORT works on lists and sets."},
    {.group = "scripting",
     .names = "eval eval_ro evalsha evalsha_ro fcall fcall_ro function|delete function|dump function|help "
              "function|kill function|list function|load function|restore function|stats script",
     .why = "There is no Lua in the server. WATCH with MULTI, and SET with IFEQ, make atomic changes."},
    {.group = "cluster",
     .names = "asking cluster readonly readwrite",
     .why = "There is no cluster: one server has all keys."},
    {.group = "server",
     .names = "failover psync replconf replicaof restore-asking role slaveof sync",
     .why = "There is no replication, and no cluster."},
    {.group = "server", .names = "acl", .why = "There is one user, `default`, with the password of `--requirepass`."},
    {.group = "server", .names = "module", .why = "Nothing is loaded into the server."},
    {.group = "server", .names = "lolwut", .why = "It draws a picture."},
});

}  // namespace

std::span<const RefusedCommands> AllRefusedCommands() { return kRefused; }

}  // namespace kvs::server
