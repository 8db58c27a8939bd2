"""Uses redis-py as programs do, against the server on the port in argv[1]. Prints "done", or fails with the fault."""

import sys

import redis


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def strings(client):
    client.flushall()
    expect(client.ping(), True)
    expect(client.set("key", "value", ex=100), True)
    expect(client.get("key"), b"value")
    expect(0 < client.ttl("key") <= 100, True)
    expect(client.set("key", "other", nx=True), None)
    expect(client.set("key", b"\x00\xff\r\n", get=True), b"value")
    expect(client.getrange("key", 1, 2), b"\xff\r")
    expect(client.mset({"a": 1, "b": 2}), True)
    expect(client.mget("a", "b", "c"), [b"1", b"2", None])
    expect(client.incr("a", 41), 42)
    expect(client.incrbyfloat("b", 0.5), 2.5)
    expect(client.append("b", "x"), 4)
    expect(client.delete("a", "b", "c"), 2)


def bits(client):
    expect(client.setbit("bits", 7, 1), 0)
    expect(client.getbit("bits", 7), 1)
    expect(client.bitcount("bits"), 1)
    expect(client.bitpos("bits", 1), 7)
    expect(client.bitop("NOT", "not", "bits"), 1)
    expect(client.get("not"), b"\xfe")
    expect(client.bitfield("bits").incrby("u8", 0, 254).get("u8", 0).execute(), [255, 255])


def keys(client):
    client.flushall()
    for i in range(500):
        client.set(f"key:{i}", i)
    expect(client.dbsize(), 500)
    expect(len(set(client.scan_iter(match="key:*", count=50))), 500)
    expect(client.rename("key:0", "renamed"), True)
    expect(client.type("renamed"), b"string")
    dumped = client.dump("renamed")
    expect(client.restore("restored", 0, dumped), b"OK")
    expect(client.get("restored"), b"0")
    expect(client.object("encoding", "restored"), b"int")
    expect(client.memory_usage("restored") > 0, True)


def transactions(client):
    with client.pipeline() as pipeline:
        pipeline.set("counter", 1).incr("counter").get("counter")
        expect(pipeline.execute(), [True, 2, b"2"])
    with client.pipeline() as pipeline:
        pipeline.watch("counter")
        pipeline.multi()
        pipeline.incr("counter")
        client.set("counter", 10)
        try:
            pipeline.execute()
            raise AssertionError("the watched key had changed")
        except redis.WatchError:
            pass
    expect(client.get("counter"), b"10")


def errors(client):
    client.set("text", "no number")
    for call in (lambda: client.incr("text"), lambda: client.lpush("list", 1)):
        try:
            call()
            raise AssertionError("no error")
        except redis.ResponseError:
            pass
    expect(client.get("text"), b"no number")


def main(port):
    client = redis.Redis(host="127.0.0.1", port=port, client_name="redis-py", socket_timeout=30)
    for part in (strings, bits, keys, transactions, errors):
        part(client)
    expect(client.client_getname(), "redis-py")
    expect(client.info()["redis_version"].startswith("7."), True)
    print("done")


main(int(sys.argv[1]))
