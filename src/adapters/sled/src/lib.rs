//! sled's database behind the C interface of `kvs_sled.h`, which is the contract of everything here.
//!
//! Every function runs inside `guarded`, so an error or a panic crosses the border only as a status.

#![allow(clippy::missing_safety_doc)] // kvs_sled.h has the safety rules of all functions.

mod border;
mod database;
mod group_flush;

use border::{guarded, hand_out, Bytes, CError, Status, View};
use database::{Database, Failure, Scan};

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_open(directory: View, database: *mut *mut Database, error: *mut CError) -> Status {
    guarded(error, || hand_out(database, Database::open(directory.as_slice())?))
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_close(database: *mut Database) {
    let mut unread = CError::none();
    guarded(&mut unread, || {
        Box::from_raw(database).close();
        Ok(Status::Ok)
    });
    kvs_sled_bytes_free(unread.text);
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_set(database: *const Database, key: View, value: View, error: *mut CError) -> Status {
    guarded(error, || (*database).set(key.as_slice(), value.as_slice()))
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_get(
    database: *const Database,
    key: View,
    value: *mut *mut Bytes,
    error: *mut CError,
) -> Status {
    guarded(error, || match (*database).get(key.as_slice())? {
        Some(found) => hand_out(value, Bytes::from(found)),
        None => Ok(Status::Absent),
    })
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_remove(database: *const Database, key: View, error: *mut CError) -> Status {
    guarded(error, || (*database).remove(key.as_slice()))
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_replace(
    database: *const Database,
    key: View,
    current: *const View,
    next: *const View,
    error: *mut CError,
) -> Status {
    guarded(error, || {
        let current = current.as_ref().map(|view| view.as_slice());
        let next = next.as_ref().map(|view| view.as_slice());
        (*database).replace(key.as_slice(), current, next)
    })
}

#[no_mangle]
pub extern "C" fn kvs_sled_batch_new() -> *mut sled::Batch {
    Box::into_raw(Box::default())
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_batch_set(batch: *mut sled::Batch, key: View, value: View) {
    (*batch).insert(key.as_slice(), value.as_slice());
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_batch_remove(batch: *mut sled::Batch, key: View) {
    (*batch).remove(key.as_slice());
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_batch_apply(
    database: *const Database,
    batch: *mut sled::Batch,
    error: *mut CError,
) -> Status {
    let batch = Box::from_raw(batch);
    guarded(error, || (*database).apply(*batch))
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_scan_new(
    database: *const Database,
    from: View,
    to: *const View,
    reverse: i32,
) -> *mut Scan {
    let to = to.as_ref().map(|view| view.as_slice());
    Box::into_raw(Box::new((*database).scan(from.as_slice(), to, reverse != 0)))
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_scan_next(scan: *mut Scan, key: *mut *mut Bytes, error: *mut CError) -> Status {
    guarded(error, || match (*scan).next_key()? {
        Some(found) => hand_out(key, Bytes::from(found)),
        None => Ok(Status::Absent),
    })
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_scan_free(scan: *mut Scan) {
    drop(Box::from_raw(scan));
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_sync(database: *const Database, error: *mut CError) -> Status {
    guarded(error, || (*database).sync())
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_count(database: *const Database, keys: *mut u64, error: *mut CError) -> Status {
    guarded(error, || {
        *keys = (*database).count();
        Ok::<Status, Failure>(Status::Ok)
    })
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_disk_bytes(database: *const Database, bytes: *mut u64, error: *mut CError) -> Status {
    guarded(error, || {
        *bytes = (*database).disk_bytes()?;
        Ok(Status::Ok)
    })
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_bytes_view(bytes: *const Bytes) -> View {
    View::of((*bytes).as_slice())
}

#[no_mangle]
pub unsafe extern "C" fn kvs_sled_bytes_free(bytes: *mut Bytes) {
    if !bytes.is_null() {
        drop(Box::from_raw(bytes));
    }
}
