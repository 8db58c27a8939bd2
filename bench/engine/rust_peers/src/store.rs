//! What the bench asks of a peer, and the types that cross the border.

use std::error::Error;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// `KvsPeerView`.
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

/// `KvsPeerPair`.
#[repr(C)]
pub struct Pair {
    key: View,
    value: View,
}

impl Pair {
    /// # Safety
    /// As of `View::as_slice`.
    pub unsafe fn as_slices<'a>(&self) -> (&'a [u8], &'a [u8]) {
        (self.key.as_slice(), self.value.as_slice())
    }
}

pub struct Settings {
    pub durable: bool,
    pub cache_bytes: u64,
}

pub type Visitor<'a> = &'a mut dyn FnMut(usize, &[u8]);

/// A peer, used from any thread. The functions are those of `kvs_peers.h`, whose callers keep the bytes alive.
pub trait Store: Send + Sync {
    fn set(&self, pairs: &[Pair]) -> Result<()>;
    fn remove(&self, key: &[u8]) -> Result<()>;
    fn get(&self, keys: &[View], visit: Visitor) -> Result<()>;
    fn scan(&self, from: &[u8], limit: usize, visit: Visitor) -> Result<()>;
    fn sync(&self) -> Result<()>;
    fn compact(&self) -> Result<bool>;
}
