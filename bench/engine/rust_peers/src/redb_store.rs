//! redb. Every change is a transaction. Under `Durability::None` the next durable commit makes it survive anything, and
//! so does a clean close; until then it dies with the process. `Durability::Immediate` syncs each transaction.

use crate::store::{Pair, Result, Settings, Store, View, Visitor};
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition, WriteTransaction};
use std::path::Path;

const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("bench");

pub struct RedbStore {
    database: Database,
    durability: Durability,
}

impl RedbStore {
    pub fn open(directory: &Path, settings: &Settings) -> Result<RedbStore> {
        let cache_bytes = usize::try_from(settings.cache_bytes)?;
        let database = Database::builder().set_cache_size(cache_bytes).create(directory.join("redb"))?;
        let durability = if settings.durable { Durability::Immediate } else { Durability::None };
        let store = RedbStore { database, durability };
        store.commit(Durability::Immediate, |writer| {
            writer.open_table(TABLE)?; // A reader cannot make it.
            Ok(())
        })?;
        Ok(store)
    }

    fn commit(&self, durability: Durability, change: impl FnOnce(&WriteTransaction) -> Result<()>) -> Result<()> {
        let mut writer = self.database.begin_write()?;
        writer.set_durability(durability)?;
        change(&writer)?;
        Ok(writer.commit()?)
    }

    fn table(&self) -> Result<ReadOnlyTable<&'static [u8], &'static [u8]>> {
        Ok(self.database.begin_read()?.open_table(TABLE)?)
    }
}

impl Store for RedbStore {
    fn set(&self, pairs: &[Pair]) -> Result<()> {
        self.commit(self.durability, |writer| {
            let mut table = writer.open_table(TABLE)?;
            for pair in pairs {
                let (key, value) = unsafe { pair.as_slices() };
                table.insert(key, value)?;
            }
            Ok(())
        })
    }

    fn remove(&self, key: &[u8]) -> Result<()> {
        self.commit(self.durability, |writer| {
            writer.open_table(TABLE)?.remove(key)?;
            Ok(())
        })
    }

    fn get(&self, keys: &[View], visit: Visitor) -> Result<()> {
        let table = self.table()?;
        for (index, key) in keys.iter().enumerate() {
            if let Some(value) = table.get(unsafe { key.as_slice() })? {
                visit(index, value.value());
            }
        }
        Ok(())
    }

    fn scan(&self, from: &[u8], limit: usize, visit: Visitor) -> Result<()> {
        for (index, pair) in self.table()?.range(from..)?.take(limit).enumerate() {
            visit(index, pair?.1.value());
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.commit(Durability::Immediate, |_| Ok(()))
    }

    /// Its tree has its order. `Database::compact` makes the file shorter.
    fn compact(&self) -> Result<bool> {
        Ok(false)
    }
}
