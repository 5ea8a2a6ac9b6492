//! A store as small as it can be: every table once more, in order.

use std::path::Path;

use redb::{Database, OwnedRange, ReadTransaction, TableHandle};

use super::fault::{Doing, Fault, guarded};
use super::place::{builder, close};
use super::sealed::{opened, table};
use crate::error::Result;
use crate::store::atomic::replace_file;

/// Bytes in memory, and in one transaction of the copy, which nobody sees before it is whole.
const AT_ONCE: usize = 32 << 20;

/// Copies what `transaction` sees of the store `source` into the file `path`, which will have about `bytes` bytes.
pub(super) fn to(
    transaction: &ReadTransaction,
    source: &Path,
    path: &Path,
    bytes: u64,
) -> Result<()> {
    let writing = Doing::Writing(bytes);
    let names: Vec<String> = guarded(source, Doing::Reading, || {
        Ok(transaction.list_tables()?.map(|table| table.name().to_string()).collect())
    })?;
    replace_file(path, |partial| {
        let database = guarded(path, writing, || Ok(builder().create(partial)?))?;
        let copied = names.iter().try_for_each(|name| {
            let mut entries = guarded(source, Doing::Reading, || {
                Ok(transaction.open_table(table(name))?.range_owned::<&[u8]>(..)?)
            })?;
            let mut more = true;
            while more {
                let some = take(&mut entries, source)?;
                more = !some.is_empty();
                guarded(path, writing, || write(&database, name, &some))?;
            }
            Ok(())
        });
        if copied.is_err() {
            close(Some(database));
            return copied;
        }
        guarded(path, writing, || Ok(database.close()?))
    })
}

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// The next entries, each with its seal.
fn take(range: &mut OwnedRange<&[u8], &[u8]>, source: &Path) -> Result<Entries> {
    guarded(source, Doing::Reading, || {
        let (mut entries, mut bytes) = (Entries::new(), 0);
        while bytes < AT_ONCE {
            let Some(entry) = range.next() else { break };
            let (key, kept) = entry?;
            opened(key.value(), kept.value())?;
            bytes += kept.value().len() + key.value().len();
            entries.push((key.value().to_vec(), kept.value().to_vec()));
        }
        Ok(entries)
    })
}

fn write(database: &Database, name: &str, entries: &Entries) -> Result<(), Fault> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(table(name))?;
        for (key, kept) in entries {
            table.insert(key.as_slice(), kept.as_slice())?;
        }
    }
    Ok(transaction.commit()?)
}
