//! redb, as a yardstick: the same tests, the same disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use redb::{Database, ReadableDatabase as _, StorageBackend, TableDefinition, TableError};
use sigillo::disk::medium::Medium;
use sigillo::store::key::{Key, Value};
use sigillo::store::snapshot::{Fault, Scan, Snapshot};
use sigillo::store::tx::{Batch, Committed};

use crate::store::Store;

const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");

/// redb in one file, with the durability and checksums that it has unless told otherwise.
pub(crate) fn redb(home: &Path, medium: Arc<dyn Medium>) -> Result<Box<dyn Store>, String> {
    let words = |error: io::Error| error.to_string();
    let path = home.join("redb");
    if !path.exists() {
        // A new file is no database before redb has filled and synced it, so that gets its name afterwards.
        let beside = home.join("redb.new");
        let backend = backend(medium.create(&beside).map_err(words)?, &medium);
        drop(Database::builder().create_with_backend(backend).map_err(|error| error.to_string())?);
        medium.rename(&beside, &path).map_err(words)?;
    }
    medium.sync_directory(home).map_err(words)?;
    let file = OpenOptions::new().read(true).write(true).open(&path).map_err(words)?;
    let mut builder = Database::builder();
    let opened = builder.set_cache_size(1024 * 1024).create_with_backend(backend(file, &medium));
    opened.map(|database| -> Box<dyn Store> { Box::new(Redb(database)) }).map_err(|error| error.to_string())
}

fn backend(file: File, medium: &Arc<dyn Medium>) -> Backend {
    Backend { file: Mutex::new(file), medium: medium.clone() }
}

struct Backend {
    file: Mutex<File>,
    medium: Arc<dyn Medium>,
}

impl core::fmt::Debug for Backend {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Backend")
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.lock().unwrap().metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.lock().unwrap().read_exact_at(out, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.lock().unwrap().set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.medium.sync(&self.file.lock().unwrap())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap();
        file.seek(SeekFrom::Start(offset))?;
        self.medium.write(&mut file, data)
    }
}

struct Redb(Database);

impl Redb {
    fn write(&self, batch: Batch) -> Result<Committed, redb::Error> {
        let (changes, uncommitted) = batch.into_parts();
        let writing = self.0.begin_write()?;
        {
            let mut table = writing.open_table(ROWS)?;
            for (key, value) in changes {
                match value {
                    Some(value) => table.insert(&*encode(&key), &*value)?,
                    None => table.remove(&*encode(&key))?,
                };
            }
        }
        writing.commit()?;
        Ok(uncommitted.durable())
    }

    fn read(&self, scan: &Scan) -> Result<Vec<(Key, Value)>, redb::Error> {
        let table = match self.0.begin_read()?.open_table(ROWS) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let first = [scan.table as u8];
        let mut rows = Vec::new();
        for row in table.range(first.as_slice()..)? {
            let (key, value) = row?;
            let Some(key) = decode(scan, key.value()) else { break };
            if scan.matches(&key) {
                rows.push((key, Value::new(value.value().to_vec())));
            }
        }
        scan.arrange(&mut rows);
        Ok(rows)
    }
}

impl Store for Redb {
    fn view(&self) -> Box<dyn Snapshot + '_> {
        Box::new(Seen { store: self, fault: Mutex::new(None) })
    }

    fn commit(&mut self, batch: Batch) -> Result<Committed, Fault> {
        self.write(batch).map_err(|error| Fault(error.to_string()))
    }

    fn tidy(&mut self) -> Result<(), Fault> {
        self.0.compact().map(drop).map_err(|error| Fault(error.to_string()))
    }
}

struct Seen<'s> {
    store: &'s Redb,
    fault: Mutex<Option<Fault>>,
}

impl Snapshot for Seen<'_> {
    fn get(&self, key: &Key) -> Option<Value> {
        let scan = Scan::of(key.table, &key.id);
        self.scan(&scan).into_iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        self.store.read(scan).unwrap_or_else(|error| {
            *self.fault.lock().unwrap() = Some(Fault(error.to_string()));
            Vec::new()
        })
    }

    fn fault(&self) -> Option<Fault> {
        self.fault.lock().unwrap().clone()
    }
}

/// The table, the length of the id, the id, the order part.
fn encode(key: &Key) -> Vec<u8> {
    let length = u16::try_from(key.id.len()).unwrap().to_be_bytes();
    [&[key.table as u8][..], &length, &key.id, &key.order].concat()
}

fn decode(scan: &Scan, bytes: &[u8]) -> Option<Key> {
    let rest = bytes.strip_prefix(&[scan.table as u8])?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (id, order) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some(Key::under(scan.table, id, order))
}
