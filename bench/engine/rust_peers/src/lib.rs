//! redb and fjall behind the C interface of `kvs_peers.h`, which is the contract of everything here.

#![allow(clippy::missing_safety_doc)] // kvs_peers.h says it for all.

mod fjall_store;
mod redb_store;
mod store;

use std::ffi::{c_int, c_void, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::slice::from_raw_parts;
use store::{Pair, Settings, Store, View, Visitor};

/// `KvsPeer`.
pub struct Peer(Box<dyn Store>);

/// `KvsPeerVisit`.
type Visit = unsafe extern "C" fn(context: *mut c_void, index: usize, value: View);

/// `KvsPeerKind`. DO NOT renumber: the header repeats these.
const REDB: c_int = 0;
const FJALL: c_int = 1;

/// The value, or the end of the process.
fn must<T>(result: store::Result<T>) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("kvs-bench: peer: {error}");
        std::process::exit(1)
    })
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_open(kind: c_int, directory: View, durable: c_int, cache_bytes: u64) -> *mut Peer {
    let path = Path::new(OsStr::from_bytes(directory.as_slice()));
    let settings = Settings { durable: durable != 0, cache_bytes };
    let store: Box<dyn Store> = match kind {
        REDB => Box::new(must(redb_store::RedbStore::open(path, &settings))),
        FJALL => Box::new(must(fjall_store::FjallStore::open(path, &settings))),
        _ => must(Err(format!("no kind {kind}").into())),
    };
    Box::into_raw(Box::new(Peer(store)))
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_close(peer: *mut Peer) {
    drop(Box::from_raw(peer));
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_set(peer: *const Peer, pairs: *const Pair, count: usize) {
    must((*peer).0.set(from_raw_parts(pairs, count)));
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_remove(peer: *const Peer, key: View) {
    must((*peer).0.remove(key.as_slice()));
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_get(
    peer: *const Peer,
    keys: *const View,
    count: usize,
    visit: Visit,
    context: *mut c_void,
) {
    let visitor: Visitor = &mut |index, value| visit(context, index, View::of(value));
    must((*peer).0.get(from_raw_parts(keys, count), visitor));
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_scan(peer: *const Peer, from: View, limit: u64, visit: Visit, context: *mut c_void) {
    let visitor: Visitor = &mut |index, value| visit(context, index, View::of(value));
    must((*peer).0.scan(from.as_slice(), usize::try_from(limit).unwrap_or(usize::MAX), visitor));
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_sync(peer: *const Peer) {
    must((*peer).0.sync());
}

#[no_mangle]
pub unsafe extern "C" fn kvs_peer_compact(peer: *const Peer) -> c_int {
    c_int::from(must((*peer).0.compact()))
}
