//! Rows of files: their bytes, and who speaks of them.

use super::kept::{self, End, FILES, Kept, Origin, State, Trouble};
use crate::base::id::{AccountId, DeviceId, FileId};
use crate::base::time::Time;
use crate::store::memory::NOTHING;
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
        picture: Some(Picture { width: 3, height: 2, thumbnail: vec![0xFF, 0xD8, 0xFF] }),
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
    let waiting = format!("01{told}{names}01030203ffd8ff{origin}01010100050607");
    assert_eq!(hex(FILES.encode(&row()).unwrap()), waiting);
    let plain = Kept { picture: None, origin: Origin::Here, state: State::Here, uses: 0, ..row() };
    assert_eq!(hex(FILES.encode(&plain).unwrap()), format!("01{told}{names}00000005 0600").replace(' ', ""));
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
