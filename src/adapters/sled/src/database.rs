//! sled with the promises of kvs: an acknowledged write has left the process, and a sync is a real barrier.

use crate::border::Status;
use crate::group_flush::GroupFlush;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long `close()` waits for sled to release its lock. It takes a few milliseconds, or longer on a busy machine.
const RELEASE_WAIT: Duration = Duration::from_secs(10);
const RELEASE_POLL: Duration = Duration::from_millis(1);

/// `KvsSledStatus` and `KvsSledError` of a failure.
pub struct Failure {
    pub status: Status,
    pub sys_errno: i32,
    pub text: String,
}

impl From<sled::Error> for Failure {
    fn from(error: sled::Error) -> Failure {
        match &error {
            sled::Error::Io(io) => Failure::from_io(io),
            sled::Error::Corruption { .. } => {
                Failure { status: Status::Corruption, sys_errno: 0, text: error.to_string() }
            }
            _ => Failure { status: Status::Fault, sys_errno: 0, text: error.to_string() },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::from_io(&error)
    }
}

impl Failure {
    fn from_io(error: &io::Error) -> Failure {
        let text = error.to_string();
        // sled has no error kind for this; the text is that of version 0.34.
        let is_in_use = text.starts_with("could not acquire lock");
        let status = if is_in_use { Status::InUse } else { Status::Io };
        Failure { status, sys_errno: error.raw_os_error().unwrap_or(0), text }
    }
}

/// `KvsSled`.
pub struct Database {
    db: sled::Db,
    directory: File, // Held open from the start, so that sync() gets every write-back error.
    locked: PathBuf, // The file on which sled holds its lock.
    group_flush: GroupFlush,
}

impl Database {
    pub fn open(directory: &[u8]) -> Result<Database, Failure> {
        let path: PathBuf = Path::new(std::ffi::OsStr::from_bytes(directory)).into();
        std::fs::create_dir_all(&path)?;
        let directory = File::open(&path)?;
        let locked = path.join("db");
        let db = sled::Config::new().path(path).open()?;
        Ok(Database { db, directory, locked, group_flush: GroupFlush::default() })
    }

    /// Flushes, and returns when the directory can be opened again: sled's threads may hold the lock for a moment after
    /// the last handle is gone.
    pub fn close(self) {
        let Database { db, locked, .. } = self;
        drop(db);
        let deadline = Instant::now() + RELEASE_WAIT;
        while is_locked(&locked) && Instant::now() < deadline {
            std::thread::sleep(RELEASE_POLL);
        }
    }

    pub fn set(&self, key: &[u8], value: &[u8]) -> Result<Status, Failure> {
        self.db.insert(key, value)?;
        self.flush()
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, Failure> {
        Ok(self.db.get(key)?)
    }

    pub fn remove(&self, key: &[u8]) -> Result<Status, Failure> {
        match self.db.remove(key)? {
            Some(_) => self.flush(),
            None => Ok(Status::Absent),
        }
    }

    pub fn replace(&self, key: &[u8], current: Option<&[u8]>, next: Option<&[u8]>) -> Result<Status, Failure> {
        match self.db.compare_and_swap(key, current, next)? {
            Ok(()) => self.flush(),
            Err(_) => Ok(Status::Conflict),
        }
    }

    pub fn apply(&self, batch: sled::Batch) -> Result<Status, Failure> {
        self.db.apply_batch(batch)?;
        self.flush()
    }

    pub fn scan(&self, from: &[u8], to: Option<&[u8]>, is_reverse: bool) -> Scan {
        let from = Bound::Included(from.to_vec());
        let to = to.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
        Scan { iterator: self.db.range::<Vec<u8>, _>((from, to)), is_reverse }
    }

    pub fn count(&self) -> u64 {
        self.db.len() as u64
    }

    pub fn disk_bytes(&self) -> Result<u64, Failure> {
        Ok(self.db.size_on_disk()?)
    }

    /// sled's own flush syncs the pages of its log. It does not sync the file's length, the separate files of large
    /// values, or the directories, so this syncs the whole file system.
    pub fn sync(&self) -> Result<Status, Failure> {
        self.flush()?;
        // SAFETY: the descriptor is open as long as self lives.
        if unsafe { libc::syncfs(self.directory.as_raw_fd()) } != 0 {
            return Err(io::Error::last_os_error().into());
        }
        Ok(Status::Ok)
    }

    fn flush(&self) -> Result<Status, Failure> {
        self.group_flush.wait(|| self.db.flush().map(|_| ()))?;
        Ok(Status::Ok)
    }
}

/// `KvsSledScan`.
pub struct Scan {
    iterator: sled::Iter,
    is_reverse: bool,
}

impl Scan {
    pub fn next_key(&mut self) -> Result<Option<sled::IVec>, Failure> {
        let pair = if self.is_reverse { self.iterator.next_back() } else { self.iterator.next() };
        Ok(pair.transpose()?.map(|(key, _)| key))
    }
}

/// Whether somebody holds a lock on the file. It is not locked if it cannot be opened.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    // Closing the file releases a lock that was taken here.
    let taken = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    taken != 0 && io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}
