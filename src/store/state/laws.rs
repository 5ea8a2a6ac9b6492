//! The law of a store: whatever the disk does at whatever moment, what is found afterwards is one commit, whole.

use std::io::ErrorKind;

use super::disk::{Disk, Failure, Keep};
use super::tests::{contents, head, key, keys, row, tensors};
use super::*;

const LAYOUT: Layout = Layout { row_len: 1100, format: RowFormat::F32 };

/// Rounds of the session, each a commit.
const ROUNDS: u64 = 3;

/// Numbers of the rows that a round puts: some are new, some are there.
fn rows_of(round: u64) -> std::ops::Range<u64> {
    4 * round..4 * round + 8
}

/// A new disk with a store that was made, and nothing more.
fn made() -> Disk {
    let disk = Disk::default();
    drop(StateStore::create_at(Place::disk(&disk), LAYOUT).unwrap());
    disk
}

/// A store is opened and `ROUNDS` times committed. Returns how many commits have returned, and what ended it.
fn session(disk: &Disk) -> (u64, Result<()>) {
    let mut done = 0;
    let mut run = || -> Result<()> {
        let mut store = StateStore::open_at(Place::disk(disk))?;
        for round in 1..=ROUNDS {
            put(&mut store, round)?;
            let result = store.commit(&head(round), &tensors(round, 500 * round as usize));
            if result.is_err() {
                // All of it still waits, and is given out.
                let rows: Vec<_> = rows_of(round).map(|i| Some(row(i, round, 1100))).collect();
                assert_eq!(store.get(&keys(rows_of(round))).unwrap(), rows);
            }
            result?;
            done = round;
        }
        Ok(())
    };
    let result = run();
    (done, result)
}

fn put(store: &mut StateStore, round: u64) -> Result<()> {
    let rows: Vec<_> = rows_of(round).map(|i| row(i, round, 1100)).collect();
    store.put(&keys(rows_of(round)), &rows, Rounding::Nearest)
}

/// The number of the commit that the store holds, having looked at every byte of it; 0 before the first.
fn held(store: &StateStore) -> u64 {
    let (found, tensors_found, rows) = contents(store).unwrap();
    let Some(found) = found else {
        assert!(rows.is_empty() && tensors_found.is_empty());
        return 0;
    };
    let round: u64 = found["step"].parse().unwrap();
    assert_eq!(found, head(round));
    assert_eq!(tensors_found, tensors(round, 500 * round as usize));
    let mut expected = BTreeMap::new();
    for past in 1..=round {
        expected.extend(rows_of(past).map(|i| (key(i), row(i, past, 1100))));
    }
    assert_eq!(rows, expected.into_iter().collect::<Vec<_>>());
    round
}

/// Opens what a session has left, and holds the law: the last commit that returned, or the one that was under way.
/// Then the session goes on from there to its end.
fn check(disk: &Disk, done: u64, ended: &Result<()>, what: &str) {
    let found = held(&StateStore::open_at(Place::disk(disk)).unwrap());
    let most = if ended.is_err() { (done + 1).min(ROUNDS) } else { done };
    assert!((done..=most).contains(&found), "{what}: {done} were committed, {found} is there");

    let mut store = StateStore::open_at(Place::disk(disk)).unwrap();
    for round in found + 1..=ROUNDS {
        put(&mut store, round).unwrap();
        store.commit(&head(round), &tensors(round, 500 * round as usize)).unwrap();
    }
    drop(store);
    assert_eq!(held(&StateStore::open_at(Place::disk(disk)).unwrap()), ROUNDS, "{what}");
}

/// Operations that change the disk in a session that nothing interrupts.
fn operations() -> u64 {
    let disk = made();
    let before = disk.operations();
    let (done, ended) = session(&disk);
    assert!(done == ROUNDS && ended.is_ok());
    check(&disk, done, &ended, "no failure");
    let operations = disk.operations() - before;
    assert!(operations > 100, "{operations} are too few to say anything");
    operations
}

#[test]
fn a_disk_that_refuses_any_one_write_and_all_after_it_leaves_one_commit() {
    let full = Failure::Error(ErrorKind::StorageFull);
    let disk = made();
    let before = disk.operations();
    let store = StateStore::open_at(Place::disk(&disk)).unwrap();
    // A commit says how much it needs; what opening writes is little.
    let opened = disk.operations() - before;
    drop(store);
    for failure in [full, Failure::Error(ErrorKind::Other), Failure::Short] {
        for n in 0..operations() {
            let disk = made();
            disk.fail_next(n, failure);
            let (done, ended) = session(&disk);
            if disk.has_failed() && done < ROUNDS {
                let message = ended.as_ref().unwrap_err().to_string();
                let commit = n >= opened;
                assert!(message.contains("`a/state.redb`"), "{message}");
                assert!(!commit || message.contains("cannot write"), "{message}");
                assert!(!commit || failure != full || message.contains("takes up to"), "{message}");
            }
            disk.mend();
            check(&disk, done, &ended, &format!("{failure:?} at {n}"));
        }
    }
}

#[test]
fn a_disk_that_refuses_one_write_and_is_well_again_leaves_one_commit() {
    let operations = operations();
    for failure in [Failure::Error(ErrorKind::Other), Failure::Short] {
        let mut failed = 0;
        for n in 0..operations {
            let disk = made();
            disk.fail_once(n, failure);
            let (done, ended) = session(&disk);
            failed += u64::from(disk.has_failed());
            disk.mend();
            check(&disk, done, &ended, &format!("{failure:?} once at {n}"));
        }
        // The others are those of a look at what was left.
        assert!(2 * failed > operations, "{failed} of {operations}");
    }
}

#[test]
fn a_commit_that_failed_can_be_tried_again_in_the_same_store() {
    for n in 0..operations() {
        let disk = made();
        let mut store = StateStore::open_at(Place::disk(&disk)).unwrap();
        disk.fail_next(n, Failure::Error(ErrorKind::StorageFull));
        for round in 1..=ROUNDS {
            put(&mut store, round).unwrap();
            if store.commit(&head(round), &tensors(round, 500 * round as usize)).is_err() {
                assert!(store.pending_bytes() > 0);
                // A second refusal changes nothing.
                assert!(store.commit(&head(round), &tensors(round, 500)).is_err());
                disk.mend();
                store.commit(&head(round), &tensors(round, 500 * round as usize)).unwrap();
            }
            assert_eq!((held(&store), store.pending_bytes()), (round, 0));
        }
        drop(store);
        disk.mend();
        assert_eq!(held(&StateStore::open_at(Place::disk(&disk)).unwrap()), ROUNDS);
    }
}

#[test]
fn a_power_cut_at_any_moment_leaves_one_commit_whatever_was_not_synced() {
    for n in 0..operations() {
        let disk = made();
        // From here on nothing reaches it.
        disk.fail_next(n, Failure::Error(ErrorKind::Other));
        let (done, ended) = session(&disk);
        for keep in std::iter::once(Keep::None).chain((0..4).map(|i| Keep::Some(4 * n + i))) {
            let disk = disk.after_power_cut(keep);
            check(&disk, done, &ended, &format!("{keep:?} at {n}"));
        }
    }
}

#[test]
fn a_power_cut_while_the_first_one_is_mended_leaves_one_commit_too() {
    let operations = operations();
    for n in (0..operations).step_by(7) {
        let disk = made();
        disk.fail_next(n, Failure::Error(ErrorKind::Other));
        let (done, ended) = session(&disk);
        let first = disk.after_power_cut(Keep::Some(n));
        for second in 0..12 {
            let disk = Disk::holding(first.bytes());
            disk.fail_next(second, Failure::Error(ErrorKind::Other));
            let _ = StateStore::open_at(Place::disk(&disk));
            let disk = disk.after_power_cut(Keep::Some(second));
            check(&disk, done, &ended, &format!("{n}, then {second}"));
        }
    }
}

#[test]
fn a_disk_that_cannot_be_read_is_an_error_and_loses_nothing() {
    let disk = made();
    let (done, ended) = session(&disk);
    let open =
        |disk: &Disk| StateStore::open_at(Place::disk(disk)).and_then(|store| contents(&store));
    let whole = open(&disk).unwrap();
    let probe = Disk::holding(disk.bytes());
    open(&probe).unwrap();
    for n in 0..probe.reads() {
        let disk = Disk::holding(disk.bytes());
        disk.fail_read(n);
        // What closing reads is nobody's loss.
        match open(&disk) {
            Ok(found) => assert_eq!(found, whole),
            Err(error) => assert!(error.to_string().contains("cannot read"), "{n}: {error}"),
        }
        disk.mend();
        check(&disk, done, &ended, &format!("read {n}"));
    }
}
