//! The types of `kvs_sled.h`, and the guard around each call.

use crate::database::Failure;
use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;

/// `KvsSledStatus`. DO NOT renumber: the header repeats these.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum Status {
    Ok = 0,
    Absent = 1,
    Conflict = 2,
    Io = 3,
    Corruption = 4,
    InUse = 5,
    Fault = 6,
}

/// `KvsSledView`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    data: *const u8,
    size: usize,
}

impl View {
    pub fn of(bytes: &[u8]) -> View {
        View { data: bytes.as_ptr(), size: bytes.len() }
    }

    /// # Safety
    /// The caller's bytes must outlive the slice.
    pub unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[]; // data may be null, which a slice cannot hold.
        }
        std::slice::from_raw_parts(self.data, self.size)
    }
}

/// `KvsSledBytes`: shares a stored value with sled, so returning it copies nothing.
pub struct Bytes(sled::IVec);

impl Bytes {
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<sled::IVec> for Bytes {
    fn from(bytes: sled::IVec) -> Bytes {
        Bytes(bytes)
    }
}

/// `KvsSledError`.
#[repr(C)]
pub struct CError {
    pub sys_errno: i32,
    pub text: *mut Bytes,
}

impl CError {
    pub fn none() -> CError {
        CError { sys_errno: 0, text: null_mut() }
    }

    fn new(sys_errno: i32, text: &str) -> CError {
        let text = Bytes(sled::IVec::from(text));
        CError { sys_errno, text: Box::into_raw(Box::new(text)) }
    }
}

/// Passes `object` to the caller.
///
/// # Safety
/// `place` must be writable.
pub unsafe fn hand_out<T>(place: *mut *mut T, object: T) -> Result<Status, Failure> {
    *place = Box::into_raw(Box::new(object));
    Ok(Status::Ok)
}

/// Runs `body` and turns its error or panic into a status and a text.
///
/// # Safety
/// `error` must be writable.
pub unsafe fn guarded(error: *mut CError, body: impl FnOnce() -> Result<Status, Failure>) -> Status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => {
            *error = CError::new(failure.sys_errno, &failure.text);
            failure.status
        }
        Err(panic) => {
            *error = CError::new(0, &format!("sled panicked: {}", panic_text(panic.as_ref())));
            std::mem::forget(panic); // Its destructor could panic again.
            Status::Fault
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "without a message"
    }
}
