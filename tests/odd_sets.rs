//! Data sets that are whole and unusual: what others would refuse or hang on is read, or named.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;

use common::sets::{at, found, list};
use lacuna::data::source::{Side, open};
use zip::write::SimpleFileOptions;

const PICTURE: &[u8] = b"any bytes: nothing is decoded here";

/// A zip of `members`, each with its name and content.
fn write_zip(path: &Path, members: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_zip_of_more_members_than_its_old_directory_can_count_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("many.zip");
    let names: Vec<String> = (0..65_540).map(|at| format!("{at}.jpg")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    write_zip(&path, &members);
    let count = |spec: &str| list(&*open(spec, None).unwrap()).map(|(items, _)| items.len());
    let spec = path.display().to_string();
    assert_eq!(count(&spec).unwrap(), members.len());

    // As programs without the new directory write it: the two records of that are gone, the 16 bits have wrapped.
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 22;
    let start = u64::from_le_bytes(bytes[end - 20 - 8..end - 20].try_into().unwrap());
    let told = |at: usize, number: u64, bytes: &mut Vec<u8>| {
        bytes[at..at + 2].copy_from_slice(&(number as u16).to_le_bytes());
    };
    told(end + 8, members.len() as u64, &mut bytes);
    told(end + 10, members.len() as u64, &mut bytes);
    bytes[end + 16..end + 20].copy_from_slice(&(start as u32).to_le_bytes());
    bytes.drain(end - 76..end);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(count(&spec).unwrap(), members.len());

    // One that has lost a member is damaged.
    let end = bytes.len() - 22;
    told(end + 8, members.len() as u64 + 1, &mut bytes);
    told(end + 10, members.len() as u64 + 1, &mut bytes);
    fs::write(&path, &bytes).unwrap();
    let error = count(&spec).unwrap_err().to_string();
    assert!(error.contains("65540 members") && error.contains("many.zip"), "{error}");
}

#[test]
fn names_that_are_no_text_stay_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.zip");
    write_zip(&path, &[("ab.jpg", PICTURE), ("cd.jpg", PICTURE)]);
    // As a program of the nineties has them: o and a umlaut in code page 437.
    let mut bytes = fs::read(&path).unwrap();
    for (from, to) in [(b"ab.jpg", b"a\x94.jpg"), (b"cd.jpg", b"a\x84.jpg")] {
        for place in 0..bytes.len() - 6 {
            if bytes[place..place + 6] == *from {
                bytes[place..place + 6].copy_from_slice(to);
            }
        }
    }
    fs::write(&path, bytes).unwrap();
    let items = found(&path.display().to_string(), None).unwrap().items;
    assert_eq!(items.len(), 2);
    assert_ne!(items[0].0, items[1].0);
}

#[test]
fn the_first_so_many_of_celeba_hq_have_pictures_to_be_held_out() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..60).map(|at| format!("{at:02}.jpg")).collect();
    names.iter().for_each(|name| fs::write(dir.path().join(name), name).unwrap());
    let all = found(&format!("celebahq:{}", dir.path().display()), Some(30)).unwrap();
    let held_out = all.sides.iter().map(|&side| side == Some(Side::HeldOut));
    assert!(held_out.eq((0..30).map(|at| at >= 28)));
}

#[test]
fn of_two_pictures_of_one_name_the_list_means_the_first() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["img_align_celeba.zip", "list_eval_partition.txt"] {
        let content: &[u8] = if name.ends_with("txt") { b"000001.jpg 0\n" } else { b"" };
        fs::write(dir.path().join(name), content).unwrap();
    }
    let zip = dir.path().join("img_align_celeba.zip");
    write_zip(&zip, &[("a/000001.jpg", b"first"), ("b/000001.jpg", b"second")]);
    let all = found(&format!("celeba:{}", dir.path().display()), None).unwrap();
    assert_eq!(all.items, [("000001.jpg".into(), lacuna::data::Id::of(b"first").to_string())]);
    assert!(all.skipped[0].problem.contains("same name"), "{:?}", all.skipped);
}

#[test]
fn lsun_as_it_is_unpacked_asks_which_of_its_parts_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let data = fs::read(at("lsun/bedroom_train_lmdb/data.mdb")).unwrap();
    for part in ["bedroom_train_lmdb", "bedroom_val_lmdb"] {
        fs::create_dir(dir.path().join(part)).unwrap();
        fs::write(dir.path().join(part).join("data.mdb"), &data).unwrap();
    }
    let error = open(&dir.path().display().to_string(), None).unwrap_err().to_string();
    assert!(error.contains("there are 2 in it") && error.contains("bedroom_val_lmdb"), "{error}");
}

/// LMDB would look for its second meta page by the page size of the newer one, at a place where nothing was checked.
#[test]
fn lmdb_meta_pages_of_two_page_sizes_are_refused_before_the_file_is_mapped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.mdb");
    let mut bytes = fs::read(at("lsun/bedroom_train_lmdb/data.mdb")).unwrap();
    let page = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    let second = bytes[page..page + 152].to_vec();
    bytes[40..44].copy_from_slice(&512u32.to_le_bytes());
    bytes[512..512 + 152].copy_from_slice(&second);
    fs::write(&path, &bytes).unwrap();
    let error = open(&format!("lsun:{}", path.display()), None).unwrap_err().to_string();
    assert!(error.contains(&format!("pages of 512 and {page} bytes")), "{error}");
    // A page that is none of these, and looks like one.
    bytes[40..44].copy_from_slice(&(page as u32).to_le_bytes());
    bytes[10] = 0;
    fs::write(&path, &bytes).unwrap();
    let error = open(&format!("lsun:{}", path.display()), None).unwrap_err().to_string();
    assert!(error.contains("at byte 0 there is no meta page"), "{error}");
}

/// More shards than a process may have open files.
#[test]
fn a_set_of_many_shards_keeps_none_of_them_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(PICTURE.len() as u64);
    tar.append_data(&mut header, "1.jpg", PICTURE).unwrap();
    let bytes = tar.into_inner().unwrap();
    (0..2000).for_each(|at| fs::write(dir.path().join(format!("s-{at:06}.tar")), &bytes).unwrap());
    let set = open(&format!("webdataset:{}", dir.path().display()), None).unwrap();
    let (items, _) = list(&*set).unwrap();
    assert_eq!(items.len(), 2000);
    assert!(items.iter().all(|(_, place, _)| set.read(place).is_ok()));
}

#[test]
fn a_link_in_a_tar_is_named_as_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(PICTURE.len() as u64);
    tar.append_data(&mut header, "1.jpg", PICTURE).unwrap();
    header.set_size(0);
    for (kind, name) in [(tar::EntryType::Link, "2.jpg"), (tar::EntryType::Symlink, "3.jpg")] {
        header.set_entry_type(kind);
        tar.append_link(&mut header, name, "1.jpg").unwrap();
    }
    let path = dir.path().join("set.tar");
    fs::write(&path, tar.into_inner().unwrap()).unwrap();
    let all = found(&path.display().to_string(), None).unwrap();
    assert_eq!((all.items.len(), all.skipped.len()), (1, 2));
    assert!(all.skipped.iter().all(|one| one.problem.contains("it is a link; pack the tar")));
}

#[cfg(unix)]
#[test]
fn a_pipe_among_photos_is_named_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.png"), PICTURE).unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("b.jpg")).status();
    assert!(made.unwrap().success());
    let all = found(&dir.path().display().to_string(), None).unwrap();
    assert_eq!(all.items.len(), 1);
    assert!(all.skipped[0].problem.contains("it is no file"), "{:?}", all.skipped);
    let error = open(&format!("tar:{}", dir.path().join("b.jpg").display()), None).unwrap_err();
    assert!(error.to_string().contains("it is no file"), "{error}");
}
