mod packing;

use std::io::{Cursor, Read, Seek, SeekFrom};

use guildhall_domain::knowledge::ContentType;

use super::{Archive, EntryProblem, LONGEST_DOCUMENT, MOST_UNPACKED, Refused};
use packing::{Packed, deflated, pack};

fn open(bytes: Vec<u8>) -> Result<Archive<Cursor<Vec<u8>>>, Refused> {
    Archive::open(Cursor::new(bytes))
}

fn paths(archive: &Archive<Cursor<Vec<u8>>>) -> Vec<&str> {
    (0..archive.len()).filter_map(|index| archive.path(index)).collect()
}

#[test]
fn documents_are_found_and_the_rest_is_counted() {
    let inner = deflated(&[("inner.md", b"inner")]);
    let bytes = deflated(&[
        ("docs/", b""),
        ("docs/a.md", "\u{feff}# Über\r\n".as_bytes()),
        ("docs/b.MDX", b"b"),
        ("./c.html", b"<p>c"),
        ("d.txt", b"d"),
        ("picture.png", b"\x89PNG"),
        ("nested.zip", &inner),
        ("no-extension", b"x"),
        ("__MACOSX/docs/._a.md", b"junk"),
        ("docs/.DS_Store", b"junk"),
        (".git/description.md", b"junk"),
    ]);

    let mut archive = open(bytes).unwrap();

    assert_eq!(paths(&archive), ["docs/a.md", "docs/b.MDX", "c.html", "d.txt"]);
    let first = archive.entry(0).unwrap();
    assert_eq!((first.content.as_str(), first.content_type), ("# Über\r\n", ContentType::Markdown));
    let types: Vec<ContentType> = (1..4).map(|index| archive.entry(index).unwrap().content_type).collect();
    assert_eq!(types, [ContentType::Mdx, ContentType::Html, ContentType::Plain]);
    assert_eq!(archive.entry(4), Err(EntryProblem::Missing));
}

#[test]
fn no_name_leaves_the_archive() {
    for name in [
        "../a.md",
        "a/../../b.md",
        "..\\a.md",
        "a\\b.md",
        "/etc/a.md",
        "C:\\a.md",
        "C:/a.md",
        "a\0.md",
        "a//b.md",
        "..",
        "../picture.png",
        "",
        "a/./b.md",
        "\u{1b}[2J.md",
    ] {
        let refused = open(pack(&[Packed::stored("fine.md", b"x"), Packed::stored(name, b"x")])).unwrap_err();
        assert!(matches!(refused, Refused::Path(_)), "{name:?}: {refused}");
    }
}

#[test]
fn the_same_name_does_not_come_twice() {
    for names in [["a.md", "a.md"], ["a.md", "./a.md"], ["a/", "a"]] {
        let refused = open(pack(&names.map(|name| Packed::stored(name, b"x")))).unwrap_err();
        assert!(matches!(refused, Refused::Twice(_)), "{names:?}: {refused}");
    }
}

#[test]
fn what_is_locked_or_points_elsewhere_is_refused() {
    let locked = Packed { encrypted: true, ..Packed::stored("a.md", b"x") };
    assert!(matches!(open(pack(&[locked])).unwrap_err(), Refused::Encrypted(_)));
    let link = Packed { unix_mode: 0o120_777, ..Packed::stored("a.md", b"/etc/passwd") };
    assert!(matches!(open(pack(&[link])).unwrap_err(), Refused::Link(_)));
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let kernel = deflated(&[("a.md", &vec![b'a'; 1_000_000])]);
    let kernel = Packed::found_in(&kernel);
    let shared: Vec<Packed> =
        (0..100).map(|number| Packed { name: format!("{number}.md").into(), at: Some(0), ..kernel.clone() }).collect();

    assert_eq!(open(pack(&shared)).unwrap_err(), Refused::Overlapping);
}

#[test]
fn too_many_entries_are_refused_before_they_are_read() {
    for many in [10_001, 100_000] {
        let tiny: Vec<Packed> = (0..many).map(|number| Packed::stored(&format!("{number}.md"), b"x")).collect();
        let mut metered = Metered { inner: Cursor::new(pack(&tiny)), read: 0 };
        assert_eq!(Archive::open(&mut metered).unwrap_err(), Refused::TooManyEntries, "{many}");
        assert!(metered.read < 100_000, "{} bytes were read", metered.read);
    }
    let fits: Vec<Packed> = (0..10_000).map(|number| Packed::stored(&format!("{number}.md"), b"x")).collect();
    assert_eq!(open(pack(&fits)).unwrap().len(), 10_000);
}

#[test]
fn a_long_text_is_unpacked_no_further_than_its_limit() {
    let bytes = deflated(&[("long.md", &vec![b' '; 200 * 1024 * 1024]), ("fine.md", b"fine")]);
    let size = bytes.len();
    let mut archive = Archive::open(Metered { inner: Cursor::new(bytes), read: 0 }).unwrap();

    assert_eq!(archive.entry(0), Err(EntryProblem::TooLong));

    assert_eq!(archive.unpacked, LONGEST_DOCUMENT + 1);
    assert_eq!(archive.entry(1).unwrap().content, "fine");
    let read = archive.zip.into_inner().read;
    assert!(read < size / 2, "{read} of {size} bytes were read");
}

#[test]
fn what_is_announced_is_not_believed() {
    let honest = deflated(&[("a.md", &vec![b'a'; 3_000_000])]);
    let mut small = Packed::found_in(&honest);
    small.size = 10;
    let mut archive = open(pack(&[small])).unwrap();
    assert!(matches!(archive.entry(0), Err(EntryProblem::Damaged | EntryProblem::TooLong)));
    assert!(archive.unpacked <= LONGEST_DOCUMENT + 1);

    let mut large = Packed::found_in(&deflated(&[("a.md", b"short")]));
    large.size = 0xfff_ffff;
    let mut archive = open(pack(&[large.clone()])).unwrap();
    assert!(matches!(archive.entry(0), Err(EntryProblem::Damaged)) || archive.entry(0).unwrap().content == "short");
    let twice = [large.clone(), Packed { name: b"b.md".to_vec(), ..large }];
    assert_eq!(open(pack(&twice)).unwrap_err(), Refused::TooLarge);
}

#[test]
fn what_is_unpacked_in_all_has_a_limit() {
    let full = deflated(&[("a.md", &vec![b'a'; usize::try_from(LONGEST_DOCUMENT).unwrap()])]);
    let one = Packed { size: 1_000, ..Packed::found_in(&full) };
    let many: Vec<Packed> =
        (0..260).map(|number| Packed { name: format!("{number}.md").into(), ..one.clone() }).collect();
    let mut archive = open(pack(&many)).unwrap();
    archive.unpacked = MOST_UNPACKED - 1;

    assert!(matches!(archive.entry(0), Err(EntryProblem::TooMuch | EntryProblem::Damaged)));
    archive.unpacked = MOST_UNPACKED;
    assert_eq!(archive.entry(1), Err(EntryProblem::TooMuch));
}

#[test]
fn one_bad_document_fails_alone() {
    let mut damaged = Packed::found_in(&deflated(&[("damaged.md", b"some text that is packed")]));
    damaged.data[3] ^= 0xff;
    let bytes = pack(&[
        Packed::stored("latin.md", b"caf\xe9"),
        damaged,
        Packed { method: 12, ..Packed::stored("bzip2.md", b"x") },
        Packed { checksum: 1, ..Packed::stored("changed.md", b"x") },
        Packed::stored("fine.md", b"fine"),
    ]);
    let mut archive = open(bytes).unwrap();

    assert_eq!(archive.entry(0), Err(EntryProblem::NotText(3)));
    assert_eq!(archive.entry(1), Err(EntryProblem::Damaged));
    assert_eq!(archive.entry(2), Err(EntryProblem::Method));
    assert_eq!(archive.entry(3), Err(EntryProblem::Damaged));
    assert_eq!(archive.entry(4).unwrap().content, "fine");
}

#[test]
fn what_is_cut_off_or_no_archive_is_refused() {
    let whole = deflated(&[("a.md", b"a"), ("b.md", &vec![b'b'; 1000])]);
    for length in 0..whole.len() {
        assert_eq!(open(whole[..length].to_vec()).unwrap_err(), Refused::Broken, "{length}");
    }
    for no_archive in [&b""[..], b"PK\x05\x06", b"%PDF-1.7", &[0; 100_000]] {
        assert_eq!(open(no_archive.to_vec()).unwrap_err(), Refused::Broken);
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let whole = deflated(&[("a.md", b"a text"), ("b.md", b"another text"), ("c.png", b"")]);
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + seed % 4 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[place] = u8::try_from((seed >> 20) & 0xff).unwrap();
        }
        if let Ok(mut archive) = open(bytes) {
            for index in 0..archive.len() {
                let _ = archive.entry(index);
            }
        }
    }
}

/// Counts what is read.
#[derive(Debug)]
struct Metered<R> {
    inner: R,
    read: usize,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.read += length;
        Ok(length)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}
