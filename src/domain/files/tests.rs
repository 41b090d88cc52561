//! Rows of files: their bytes, and who speaks of them.

use super::kept::{self, End, FILES, Kept, Origin, Sides, State, Trouble};
use crate::base::id::{AccountId, DeviceId, FileId};
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::memory::{Memory, NOTHING};
use crate::store::table::Rows as _;
use crate::store::tx::Tx;
use crate::wire::said::file::Picture;
use crate::wire::said::file::tests::file;

fn row() -> Kept {
    let file = file();
    Kept {
        opening: file.opening,
        name: "a.jpg".into(),
        media_type: "image/jpeg".into(),
        picture: Some(Sides { width: 3, height: 2, thumbnail: true }),
        origin: Origin::Told { thread: AccountId::new([3; 32]), device: DeviceId::new([4; 32]), own: true },
        state: State::Waiting { wanted: true, trouble: Some(Trouble::NoRoom) },
        since: Time::from_millis(5),
        expires: Time::from_millis(6),
        uses: 7,
    }
}

#[test]
fn stored_rows_stay_readable() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let told = format!("20{}20{}f0a204", "01".repeat(32), "02".repeat(32));
    let names = format!("05{}0a{}", "612e6a7067", "696d6167652f6a706567");
    let origin = format!("0120{}20{}01", "03".repeat(32), "04".repeat(32));
    let waiting = format!("02{told}{names}01030201{origin}01010100050607");
    assert_eq!(hex(FILES.encode(&row()).unwrap()), waiting);
    let plain = Kept { picture: None, origin: Origin::Here, state: State::Here, uses: 0, ..row() };
    assert_eq!(hex(FILES.encode(&plain).unwrap()), format!("02{told}{names}00000005 0600").replace(' ', ""));
    for state in [
        State::Gone(End::Forgotten),
        State::Gone(End::Expired),
        State::Gone(End::Broken),
        State::Asked { trouble: Some(Trouble::NoRoom) },
        State::Waiting { wanted: false, trouble: Some(Trouble::Refused) },
    ] {
        let row = Kept { state, ..row() };
        assert_eq!(FILES.decode(&FILES.encode(&row).unwrap()), Ok(row));
    }
}

#[test]
fn a_picture_s_small_one_is_kept_apart_and_goes_with_it() {
    let mut memory = Memory::default();
    let tx = Tx::new(&memory);
    let small = vec![0xFF, 0xD8, 0xFF];
    let picture = Picture { width: 3, height: 2, thumbnail: small.clone() };
    let row = Kept { picture: Some(Sides::of(&picture)), ..row() };
    let id = row.opening.id();
    kept::put(&tx, row.clone(), Some(picture));
    assert_eq!(kept::thumbnail(&tx, &id), small);
    memory.store(tx.finish(1).unwrap().into_parts().0);
    let stored = |table: TableId| {
        let found = memory.rows.iter().find(|(key, _)| key.table == table);
        found.map(|(_, value)| value.to_vec()).unwrap()
    };
    assert!(
        !stored(TableId::Files).windows(3).any(|part| part == small),
        "whoever lists files doesn't read it"
    );
    assert_eq!(stored(TableId::Thumbnails), [1, 3, 0xFF, 0xD8, 0xFF], "its encoding");
    let tx = Tx::new(&memory);
    kept::put(&tx, row, None);
    assert_eq!(kept::thumbnail(&tx, &id), [0; 0], "it is told of anew, without one");
    kept::forget(&tx, &id);
    memory.store(tx.finish(2).unwrap().into_parts().0);
    assert!(memory.rows.is_empty());
}

#[test]
fn a_file_is_used_until_the_last_message_is_gone() {
    let tx = Tx::new(&NOTHING);
    let file = FileId::new([1; 32]);
    let (ana, rui) = (AccountId::new([3; 32]), AccountId::new([4; 32]));
    tx.put(&FILES, FILES.key(file.as_bytes()), Kept { uses: 0, ..row() });
    let uses = || tx.row(&FILES, file.as_bytes()).unwrap().uses;
    kept::used(&tx, &file, &ana, 7);
    kept::used(&tx, &file, &ana, 7);
    kept::used(&tx, &file, &rui, 9);
    assert_eq!(uses(), 2, "the same entry counts once");
    assert!(!kept::unused(&tx, &file, &ana, 8), "that entry spoke of no file");
    assert!(!kept::unused(&tx, &file, &ana, 7));
    assert!(!kept::unused(&tx, &file, &ana, 7), "nor does it any more");
    assert!(kept::unused(&tx, &file, &rui, 9), "and that was the last");
    assert_eq!(uses(), 0);
}
