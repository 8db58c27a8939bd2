//! fjall, as it comes, with a cache that holds the data. A change goes to the kernel before its call returns
//! (`PersistMode::Buffer`), so it survives the process; `PersistMode::SyncData` adds an fdatasync.

use crate::store::{Pair, Result, Settings, Store, View, Visitor};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;

pub struct FjallStore {
    keyspace: Keyspace,
    database: Database,
    durable: bool,
}

impl FjallStore {
    pub fn open(directory: &Path, settings: &Settings) -> Result<FjallStore> {
        let database = Database::builder(directory.join("fjall")).cache_size(settings.cache_bytes).open()?;
        let keyspace = database.keyspace("bench", KeyspaceCreateOptions::default)?;
        Ok(FjallStore { keyspace, database, durable: settings.durable })
    }

    fn persist_if_durable(&self) -> Result<()> {
        if self.durable {
            self.sync()?;
        }
        Ok(())
    }
}

impl Store for FjallStore {
    fn set(&self, pairs: &[Pair]) -> Result<()> {
        for pair in pairs {
            let (key, value) = unsafe { pair.as_slices() };
            self.keyspace.insert(key, value)?;
        }
        self.persist_if_durable()
    }

    fn remove(&self, key: &[u8]) -> Result<()> {
        self.keyspace.remove(key)?;
        self.persist_if_durable()
    }

    fn get(&self, keys: &[View], visit: Visitor) -> Result<()> {
        for (index, key) in keys.iter().enumerate() {
            if let Some(value) = self.keyspace.get(unsafe { key.as_slice() })? {
                visit(index, &value);
            }
        }
        Ok(())
    }

    fn scan(&self, from: &[u8], limit: usize, visit: Visitor) -> Result<()> {
        for (index, pair) in self.keyspace.range(from..).take(limit).enumerate() {
            visit(index, &pair.value()?);
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    fn compact(&self) -> Result<bool> {
        self.keyspace.major_compact()?;
        Ok(true)
    }
}
